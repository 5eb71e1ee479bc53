// SPDX-License-Identifier: Apache-2.0
// What judging a certification path costs: a good one beside OpenSSL's verifier, and the worst that an attacker can
// send.
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <boost/json.hpp>
#include <deque>
#include <fstream>

#include "cli/verify_path.h"
#include "crypto/hash.h"
#include "crypto/openssl.h"
#include "measure.h"
#include "support/made_certificates.h"
#include "support/paths.h"

namespace birthmark::bench {
namespace {

using crypto::KeyType;
using crypto::OpensslPtr;
using crypto::PrivateKey;
namespace path = pki::path;
namespace usage = pki::path::usage;

const Instant kNow = from_rfc3339("2030-06-15T12:00:00Z").value();

PrivateKey new_key(KeyType type = KeyType::p256) {
  return PrivateKey::generate(type).value();
}

Bytes key_id(const PrivateKey& key) {
  const auto digest = crypto::sha256(key.public_key().spki());
  return {digest.get().begin(), digest.get().begin() + 20};
}

struct Named {
  std::string name;
  const PrivateKey* key = nullptr;
};

Bytes certificate(const Named& subject, const Named& issuer, bool ca, std::vector<test::MadeExtension> more = {}) {
  test::MadeCertificate made;
  made.serial = {0x4B, 0x01};
  made.subject = test::common_name(subject.name);
  made.issuer = test::common_name(issuer.name);
  made.not_before = kNow - std::chrono::hours{24};
  made.not_after = kNow + std::chrono::hours{24};
  made.spki = to_bytes(subject.key->public_key().spki());
  made.extensions = {test::key_usage(ca ? usage::key_cert_sign | usage::crl_sign : usage::digital_signature),
                     test::subject_key_id(key_id(*subject.key)), test::authority_key_id(key_id(*issuer.key))};
  if (ca) {
    made.extensions.push_back(test::basic_constraints(true));
  } else {
    made.extensions.push_back(test::alt_names({test::dns("www.example.com")}));
  }
  std::ranges::move(more, std::back_inserter(made.extensions));
  return made.signed_by(*issuer.key);
}

// --- beside OpenSSL ---

using X509Ptr = OpensslPtr<X509, X509_free>;

X509Ptr read_openssl(const Bytes& der) {
  const unsigned char* cursor = der.data();
  return X509Ptr{d2i_X509(nullptr, &cursor, static_cast<long>(der.size()))};
}

/// One leaf after another below the same issuers: what a listener sees. Both sides begin with the bytes of the leaf and
/// have the issuers at hand, read.
void beside_openssl() {
  const auto root_key = new_key(), ca_key = new_key();
  const Named root{"root", &root_key}, ca{"ca", &ca_key};
  const auto root_der = certificate(root, root, true), ca_der = certificate(ca, root, true);
  std::vector<Bytes> leaves;
  std::deque<PrivateKey> keys;
  for (int i = 0; i < 64; ++i) {
    keys.push_back(new_key());
    leaves.push_back(certificate({"device " + std::to_string(i), &keys.back()}, ca, false));
  }

  const OpensslPtr<X509_STORE, X509_STORE_free> store{X509_STORE_new()};
  const OpensslPtr<STACK_OF(X509), [](STACK_OF(X509) * s) { sk_X509_free(s); }> untrusted{sk_X509_new_null()};
  const auto root_read = read_openssl(root_der), ca_read = read_openssl(ca_der);
  X509_STORE_add_cert(store.get(), root_read.get());
  sk_X509_push(untrusted.get(), ca_read.get());
  std::size_t next = 0;
  const Operation theirs{[&] {
    const auto leaf = read_openssl(leaves[next++ % leaves.size()]);
    const OpensslPtr<X509_STORE_CTX, X509_STORE_CTX_free> context{X509_STORE_CTX_new()};
    X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), untrusted.get());
    auto* const param = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_time(param, static_cast<time_t>(to_ms(kNow) / 1000));
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_POLICY_CHECK);
    if (X509_verify_cert(context.get()) != 1) {
      std::abort();
    }
  }};

  path::Trust trust;
  trust.add_anchor(path::make_member(x509::Certificate::read_anchor(root_der).value()));
  trust.add_intermediate(path::make_member(x509::Certificate::read(ca_der).value()));
  path::Options options;
  options.at = kNow;
  options.conformance = path::Conformance::issuer;
  const Operation ours{[&] {
    auto leaf = x509::Certificate::read(leaves[next++ % leaves.size()]);
    if (!leaf || !path::judge(trust, path::make_member(std::move(*leaf)), {}, {}, options).accepted()) {
      std::abort();
    }
  }};
  const auto compared = compare(theirs, ours);
  report({"path_over_openssl", compared.ratio.median, 2.0, "ratio", Better::higher,
          "leaf with cached issuers, ours " + std::to_string(compared.product_us.median) + " us, X509_verify_cert " +
              std::to_string(compared.floor_us.median) + " us; " + words(compared.ratio, compared.rounds)});
}

// --- the worst case ---

struct Worst {
  double ms = 0;
  std::string name;

  void take(const std::string& what, const cli::PathCase& one) {
    const auto begin = thread_cpu_seconds();
    keep(cli::judge_path_case(one).verdict);
    const auto spent = (thread_cpu_seconds() - begin) * 1000;
    if (spent > ms) {
      ms = spent;
      name = what;
    }
    std::fprintf(stderr, "%-60s %8.2f ms\n", what.c_str(), spent);
  }
};

cli::PathCase empty_case() {
  cli::PathCase one;
  one.options.at = kNow;
  return one;
}

/// CAs that all sign each other, of which one name leads to the anchor and no key does.
cli::PathCase mesh(KeyType type, std::size_t size, bool same_name) {
  std::deque<PrivateKey> keys;
  const auto name = [&](std::size_t i) { return same_name ? std::string{"mesh"} : "mesh " + std::to_string(i); };
  for (std::size_t i = 0; i < size + 2; ++i) {
    keys.push_back(new_key(type));
  }
  auto one = empty_case();
  const Named root{"root", &keys[size]};
  one.trusted.push_back(certificate(root, root, true));
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      if (i != j) {
        one.untrusted.push_back(certificate({name(i), &keys[i]}, {name(j), &keys[j]}, true));
      }
    }
  }
  one.untrusted.push_back(certificate({name(0), &keys[size + 1]}, {"root", &keys[size]}, true));
  one.leaf = certificate({"leaf", &keys[0]}, {name(1), &keys[1]}, false);
  return one;
}

/// A chain whose certificates are as full of what must be compared or mapped as certificates may be.
cli::PathCase full_chain(const std::function<std::vector<test::MadeExtension>(std::size_t)>& extensions) {
  constexpr std::size_t kLength = path::kIntermediatesMax + 1;
  std::deque<PrivateKey> keys;
  auto one = empty_case();
  for (std::size_t i = 0; i <= kLength; ++i) {
    keys.push_back(new_key());
    const Named self{"ca " + std::to_string(i), &keys[i]};
    const Named above = i == 0 ? self : Named{"ca " + std::to_string(i - 1), &keys[i - 1]};
    auto der = certificate(self, above, i < kLength, extensions(i));
    (i == 0 ? one.trusted : one.untrusted).push_back(std::move(der));
  }
  one.leaf = std::move(one.untrusted.back());
  one.untrusted.pop_back();
  return one;
}

std::vector<test::MadeExtension> many_names(std::size_t place) {
  std::vector<test::MadeName> names;
  for (std::size_t i = 0; i < 250; ++i) {
    names.push_back(test::dns("h" + std::to_string(place * 1000 + i) + ".a-long-label-of-a-host.example.com"));
  }
  return {place % 2 == 0 ? test::name_constraints(names)
                         : test::MadeExtension{to_bytes(oids::issuer_alt_name), false, test::alt_names(names).value}};
}

std::vector<test::MadeExtension> many_policies(std::size_t) {
  std::vector<Bytes> all;
  std::vector<BytesView> views;
  std::vector<std::pair<Bytes, Bytes>> mappings;
  for (std::uint8_t i = 1; i < 60; ++i) {
    all.push_back(to_bytes(oid<2, 999, 1>));
    all.back().back() = i;
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    mappings.emplace_back(all[i], all[(i * 7 + 1) % all.size()]);
  }
  der::Writer out;
  out.open(der::tag::sequence);
  for (const auto& one : all) {
    out.open(der::tag::sequence).oid(one).close();
  }
  out.open(der::tag::sequence).oid(oids::any_policy).close().close();
  return {{to_bytes(oids::certificate_policies), false, std::move(out).finish()}, test::policy_mappings(mappings)};
}

/// As many lists of as many entries as a case of the greatest size holds.
cli::PathCase many_lists() {
  static const auto root_key = new_key();
  const Named root{"root", &root_key};
  auto one = empty_case();
  one.options.revocation = path::RevocationScope::all;
  one.trusted.push_back(certificate(root, root, true));
  one.leaf = certificate({"leaf", &root_key}, root, false);
  test::MadeCrl crl;
  crl.issuer = test::common_name("root");
  crl.this_update = kNow - std::chrono::hours{1};
  crl.next_update = kNow + std::chrono::hours{1};
  for (std::uint32_t i = 0; i < 24'000; ++i) {
    crl.entries.push_back({.serial = {0x50, static_cast<std::uint8_t>(i >> 16), static_cast<std::uint8_t>(i >> 8),
                                      static_cast<std::uint8_t>(i | 1), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
                           .at = kNow - std::chrono::hours{2},
                           .extensions = {}});
  }
  one.crls.push_back(crl.signed_by(new_key()));  // of a stranger: it is read, hashed and refused
  return one;
}

/// Hundreds of certificates of one name that nobody signed with a key of the anchor.
cli::PathCase crowd(KeyType type) {
  static std::deque<PrivateKey> keys;
  auto one = empty_case();
  keys.push_back(new_key(type));
  const Named root{"root", &keys.back()};
  one.trusted.push_back(certificate(root, root, true));
  for (std::size_t i = 0; i < 500; ++i) {
    keys.push_back(new_key(type));
    one.untrusted.push_back(certificate({"crowd", &keys.back()}, root, true));
  }
  keys.push_back(new_key(type));
  const Named stranger{"crowd", &keys.back()};
  one.leaf = certificate({"leaf", stranger.key}, stranger, false);
  return one;
}

void limbo(Worst& worst) {
  std::ifstream in{test::shared_vectors() / "x509/limbo-dev/limbo-dev.json"};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (text.empty()) {
    return;
  }
  const auto document = boost::json::parse(text);
  for (const auto& limbo : document.at("testcases").as_array()) {
    const boost::json::object asked{{"trusted", limbo.at("trusted_certs")},
                                    {"untrusted", limbo.at("untrusted_intermediates")},
                                    {"leaf", limbo.at("peer_certificate")},
                                    {"crls", limbo.at("crls")},
                                    {"time", "2024-06-01T00:00:00Z"}};
    if (const auto one = cli::read_path_case(boost::json::serialize(asked), kNow)) {
      worst.take(std::string{limbo.at("id").as_string()}, *one);
    }
  }
}

void worst_case() {
  Worst worst;
  const std::array<std::pair<const char*, KeyType>, 4> kTypes{
      {{"P-256", KeyType::p256}, {"P-384", KeyType::p384}, {"P-521", KeyType::p521}, {"Ed25519", KeyType::ed25519}}};
  keep(mesh(KeyType::p521, 2, false).leaf);  // what the library makes once is not the attacker's work
  for (const auto& [name, type] : kTypes) {
    worst.take(std::string{"mesh of 7, "} + name, mesh(type, 7, false));
    worst.take(std::string{"mesh of 7 of one name, "} + name, mesh(type, 7, true));
  }
  for (const auto& [name, type] : kTypes) {
    worst.take(std::string{"crowd of 500, "} + name, crowd(type));
  }
  worst.take("mesh of 16, P-256", mesh(KeyType::p256, 16, false));
  worst.take("names and constraints", full_chain(many_names));
  worst.take("policies and mappings", full_chain(many_policies));
  worst.take("a list of a megabyte", many_lists());
  limbo(worst);
  report({"path_worst_case", worst.ms, 50.0, "ms", Better::lower, "OpenSSL's opinion with it; " + worst.name});
}

}  // namespace
}  // namespace birthmark::bench

int main() {
  birthmark::bench::worst_case();
  birthmark::bench::beside_openssl();
  return 0;
}
