// SPDX-License-Identifier: Apache-2.0
// Algorithms that are to come: recognised, sized, never verified.
#include "codec/pqc.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "codec/base64.h"
#include "codec/der.h"
#include "crypto/pqc_checks.h"
#include "support/vector_tally.h"
#include "vectors/files.h"

namespace birthmark::test {
namespace {

Verdict verdict(bool taken) {
  return taken ? Verdict::accept : Verdict::reject;
}

std::string words_of(const Result<const pqc::Algorithm*>& read) {
  return read ? std::string{(*read)->name} : read.error().detail;
}

bool private_key_agrees(const Bytes& pkcs8) {
  const auto read = pqc::read_private_key(pkcs8);
  return read && crypto::check_ml_dsa_key(*read);
}

TEST(PqcVectors, ml_dsa) {
  BM_NEEDS_VECTORS("pqc/ml-dsa");
  constexpr std::array kExplained{
      Disagreement{"bad-ML-DSA-44-2.priv", "an expanded key alone with a wrong tr: to see it takes ML-DSA itself"},
      Disagreement{"bad-ML-DSA-44-3.priv", "an expanded key alone with a wrong t0: to see it takes ML-DSA itself"}};
  VectorTally tally{"pqc/ml-dsa", kExplained};
  for (const auto& path : files_of("pqc/ml-dsa")) {
    const auto name = path.filename().string();
    const auto content = file(path);
    bool taken = false;
    std::string words;
    if (path.extension() == ".crt") {
      const auto read = pqc::look_at_certificate(der_in(content, "CERTIFICATE"));
      taken = read && read->key == read->signature && read->key != nullptr && read->key->name == path.stem();
      words = read ? "" : read.error().detail;
    } else if (path.extension() == ".pub") {
      const auto read = pqc::read_public_key(der_in(content, "PUBLIC KEY"));
      taken = read && (*read)->name == path.stem();
      words = words_of(read);
    } else {
      taken = private_key_agrees(der_in(content, "PRIVATE KEY"));
    }
    tally.judge(name, verdict(!name.starts_with("bad-")), verdict(taken), words);
  }
}

TEST(PqcVectors, slh_dsa) {
  BM_NEEDS_VECTORS("pqc/slh-dsa");
  constexpr std::array kExplained{Disagreement{"id-slh-dsa-sha2-128s.priv", "private keys of ML-DSA alone are read"}};
  VectorTally tally{"pqc/slh-dsa", kExplained};
  for (const auto& path : files_of("pqc/slh-dsa")) {
    const auto content = file(path);
    bool taken = false;
    if (path.extension() == ".pem") {
      const auto read = pqc::look_at_certificate(der_in(content, "CERTIFICATE"));
      taken = read && read->key != nullptr && read->signature == read->key && read->key->name == "SLH-DSA-SHA2-128s";
    } else if (path.extension() == ".pub") {
      taken = pqc::read_public_key(der_in(content, "PUBLIC KEY")).has_value();
    } else {
      taken = pqc::read_private_key(der_in(content, "PRIVATE KEY")).has_value();
    }
    tally.judge(path.filename().string(), Verdict::accept, verdict(taken));
  }
}

TEST(PqcVectors, composite) {
  BM_NEEDS_VECTORS("pqc/composite/testvectors.json");
  const auto document = json::read(file(vectors("pqc/composite/testvectors.json")),
                                   {.bytes_max = std::size_t{4} << 20, .string_max = std::size_t{1} << 20});
  ASSERT_TRUE(document) << document.error().detail;
  VectorTally tally{"pqc/composite"};
  for (const auto& one : document->at("tests").as_array()) {
    const auto& test = one.as_object();
    const auto id = text_of(test, "tcId");
    const auto read = pqc::look_at_certificate(base64::decode(text_of(test, "x5c"), 65536).value());
    const bool named =
        read && read->key != nullptr && read->key == read->signature && "id-" + std::string{read->key->name} == id;
    const auto signature = base64::decode(text_of(test, "s"), 65536).value();
    const bool sized =
        named && (read->key->family == pqc::Family::composite ? signature.size() > read->key->signature_bytes
                                                              : signature.size() == read->key->signature_bytes);
    tally.judge(id, Verdict::accept, verdict(sized), read ? "" : read.error().detail);
  }
}

/// PKCS#8 of a seed.
Bytes pkcs8_of(BytesView type, BytesView seed) {
  der::Writer choice;
  choice.primitive(der::tag::context(0), seed);
  der::Writer out;
  out.open(der::tag::sequence).unsigned_int(0).open(der::tag::sequence).oid(type).close();
  out.octet_string(std::move(choice).finish()).close();
  return std::move(out).finish();
}

TEST(PqcVectors, wycheproof_keys) {
  BM_NEEDS_VECTORS("pqc/wycheproof");
  VectorTally tally{"pqc/wycheproof (keys)"};
  for (const auto& path : files_of("pqc/wycheproof")) {
    const auto document =
        json::read(file(path), {.bytes_max = std::size_t{8} << 20, .string_max = std::size_t{1} << 20});
    ASSERT_TRUE(document) << document.error().detail;
    const auto name = text_of(document->as_object(), "algorithm");
    const auto algorithm = std::ranges::find(pqc::all_algorithms(), std::string_view{name}, &pqc::Algorithm::name);
    std::size_t number = 0;
    for (const auto& one : document->at("testGroups").as_array()) {
      const auto& group = one.as_object();
      const auto seed = from_hex(text_of(group, "privateSeed")).value();
      const auto given = group.contains("privateKeyPkcs8") && group.at("privateKeyPkcs8").is_string()
                             ? from_hex(text_of(group, "privateKeyPkcs8")).value()
                             : pkcs8_of(algorithm->type, seed);
      bool taken = private_key_agrees(given);
      if (taken) {
        EXPECT_EQ(given, pkcs8_of(algorithm->type, seed));
        EXPECT_EQ(from_hex(text_of(group, "publicKey"))->size(), algorithm->public_key_bytes);
      }
      tally.judge(name + "/" + std::to_string(number++), verdict(seed.size() == 32), verdict(taken));
    }
  }
}

// --- what stands in no vector ---

Bytes spki_of(BytesView type, std::size_t key_bytes, bool parameters) {
  der::Writer out;
  out.open(der::tag::sequence).open(der::tag::sequence).oid(type);
  if (parameters) {
    out.null();
  }
  out.close().bit_string(Bytes(key_bytes, 1)).close();
  return std::move(out).finish();
}

TEST(Pqc, each_algorithm_has_its_size_no_parameters_and_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (const auto& one : pqc::all_algorithms()) {
    names.insert(one.name);
    EXPECT_EQ(pqc::find(one.type), &one);
    const bool composite = one.family == pqc::Family::composite;
    const auto size = one.public_key_bytes + (composite ? 32 : 0);
    const bool hash = one.name.starts_with("Hash");
    EXPECT_EQ(pqc::read_public_key(spki_of(one.type, size, false)).has_value(), !hash) << one.name;
    EXPECT_FALSE(pqc::read_public_key(spki_of(one.type, size, true))) << one.name;
    EXPECT_FALSE(pqc::read_public_key(spki_of(one.type, one.public_key_bytes - 1, false))) << one.name;
    EXPECT_FALSE(!composite && pqc::read_public_key(spki_of(one.type, size + 1, false))) << one.name;
  }
  EXPECT_EQ(names.size(), pqc::all_algorithms().size());
}

TEST(Pqc, a_request_is_recognised_by_its_key_and_signature) {
  for (const auto& one : pqc::all_algorithms().first(3)) {
    der::Writer out;
    out.open(der::tag::sequence).open(der::tag::sequence).unsigned_int(0).open(der::tag::sequence).close();
    out.raw(spki_of(one.type, one.public_key_bytes, false)).open(der::tag::context_constructed(0)).close().close();
    out.open(der::tag::sequence).oid(one.type).close().bit_string(Bytes(one.signature_bytes, 1)).close();
    const auto der = std::move(out).finish();
    const auto read = pqc::look_at_request(der);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->key, &one);
    EXPECT_EQ(read->signature, &one);
    EXPECT_FALSE(pqc::look_at_request(BytesView{der}.first(der.size() - 1)));
  }
}

TEST(Pqc, a_key_that_signs_does_nothing_else) {
  EXPECT_TRUE(pqc::check_key_usage(1U << 0));
  EXPECT_TRUE(pqc::check_key_usage(1U << 5 | 1U << 6));
  EXPECT_FALSE(pqc::check_key_usage(0));
  for (const unsigned bit : {2U, 3U, 4U, 7U, 8U}) {
    EXPECT_FALSE(pqc::check_key_usage(1U << 0 | 1U << bit)) << bit;
  }
}

}  // namespace
}  // namespace birthmark::test
