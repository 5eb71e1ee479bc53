// SPDX-License-Identifier: Apache-2.0
// Wrappers and manifests of the drafts and of another implementation. Left out of corim: *.json (templates of a tool,
// not CoRIM) and draft-diag/intrep-*.diag (a verifier's inner state in quotes, not CoRIM).
#include <cctype>

#include "attest/corim.h"
#include "codec/cmw.h"
#include "codec/corim.h"
#include "codec/oid.h"
#include "codec/x509.h"
#include "vectors/tokens.h"

namespace birthmark {
namespace {

using test::judge;
using test::VectorTally;
using test::Verdict;

constexpr auto kPeCmw = oid<1, 3, 6, 1, 5, 5, 7, 1, 35>;

Result<cmw::Wrapper> from_certificate(const std::filesystem::path& path) {
  const auto certificate = x509::Certificate::read(test::file(path));
  if (!certificate) {
    return fail(certificate.error());
  }
  const auto* const extension = certificate->extension(kPeCmw);
  return extension != nullptr ? cmw::read_extension(extension->value)
                              : Result<cmw::Wrapper>{fail(Code::bad_evidence, "no extension")};
}

TEST(CmwVectors, records_collections_and_certificates) {
  BM_NEEDS_VECTORS("cmw");
  VectorTally tally{"cmw"};
  for (const auto& path : test::files_of("cmw", ".diag")) {
    const auto bytes = test::diagnostic_file(path);
    judge(tally, path, Verdict::accept, cmw::read_cbor(bytes));
    auto binary = path;
    if (std::filesystem::exists(binary.replace_extension(".cbor"))) {
      EXPECT_EQ(test::file(binary), bytes) << path << ": the same in diagnostic notation";
    }
  }
  for (const auto& path : test::files_of("cmw", ".cbor")) {
    judge(tally, path, Verdict::accept, cmw::read_cbor(test::file(path)));
  }
  for (const auto& path : test::files_of("cmw", ".json")) {
    auto text = std::string{as_text(test::file(path))};
    text.erase(text.find_last_not_of(" \n\t") + 1);
    judge(tally, path, Verdict::accept, cmw::read_json(text));
  }
  for (const auto& path : test::files_of("cmw", ".der")) {
    judge(tally, path, Verdict::accept, from_certificate(path));
  }
}

bool named(const std::filesystem::path& path, std::string_view begin) {
  return path.filename().string().starts_with(begin);
}

TEST(CorimVectors, modules) {
  BM_NEEDS_VECTORS("corim");
  VectorTally tally{"corim (CoMID)"};
  for (const auto& path : test::files_of("corim", ".cbor")) {
    if (named(path, "comid-")) {
      judge(tally, path, Verdict::accept, corim::read_comid(test::file(path)));
    }
  }
}

TEST(CorimVectors, manifests) {
  BM_NEEDS_VECTORS("corim");
  VectorTally tally{"corim (unsigned)"};
  for (const auto& path : test::files_of("corim", ".cbor")) {
    if (named(path, "corim-") && !named(path, "corim-signed")) {
      judge(tally, path, Verdict::accept, corim::read_rim(test::file(path)));
    }
  }
}

TEST(CorimVectors, the_examples_of_the_draft) {
  BM_NEEDS_VECTORS("corim/draft-diag");
  VectorTally tally{"corim/draft-diag"};
  for (const auto& path : test::files_of("corim/draft-diag", ".diag")) {
    if (named(path, "comid-")) {
      judge(tally, path, Verdict::accept, corim::read_comid(test::diagnostic_file(path)));
    } else if (named(path, "corim-")) {
      judge(tally, path, Verdict::accept, corim::read_rim(test::diagnostic_file(path)));
    }
  }
}

TEST(CorimVectors, the_profile_of_psa_tokens) {
  BM_NEEDS_VECTORS("corim");
  VectorTally tally{"corim (profile of PSA tokens)"};
  for (const auto& path : test::files_of("corim", ".cbor")) {
    if (named(path, "profiles-psa-")) {
      const auto rim = corim::read_rim(test::file(path));
      ASSERT_TRUE(rim) << path << rim.error().detail;
      const auto expected = named(path, "profiles-psa-psa-invalid") ? Verdict::reject : Verdict::accept;
      judge(tally, path, expected, attest::content_of(*rim));
    }
  }
  const auto valid = corim::read_rim(test::file(test::vectors("corim") / "profiles-psa-psa-valid.cbor"));
  const auto content = attest::content_of(valid.value()).value();
  ASSERT_EQ(content.values.size(), 1u);
  EXPECT_EQ(content.values[0].component, "BL");
  EXPECT_EQ(content.values[0].environment.size(), 32u);
  ASSERT_EQ(content.instances.size(), 1u);
  EXPECT_EQ(content.instances[0].instance_id.size(), 33u);
}

TEST(CorimVectors, signed_manifests) {
  BM_NEEDS_VECTORS("corim");
  VectorTally tally{"corim (signed)"};
  const auto folder = test::vectors("corim");
  const std::vector<attest::RimSigner> signers{
      {"veraison", test::json_key(test::json_file(folder / "corim-ec-p256.jwk")).value()}};
  const auto valid = from_rfc3339("2024-06-01T00:00:00Z").value();
  const auto late = from_rfc3339("2027-06-01T00:00:00Z").value();
  for (const auto& path : test::files_of("corim", ".cbor")) {
    if (!named(path, "corim-signed")) {
      continue;
    }
    const auto manifest = test::file(path);
    judge(tally, path, Verdict::accept, attest::import_rim(manifest, signers, {}, valid));
    EXPECT_EQ(attest::import_rim(manifest, signers, {}, late).error().check, "corim.validity") << path;
    EXPECT_EQ(attest::import_rim(manifest, {}, {}, valid).error().check, "corim.signature") << path;
    test::each_truncation(manifest,
                          [&](const Bytes& cut) { EXPECT_FALSE(attest::import_rim(cut, signers, {}, valid)) << path; });
    for (std::size_t at = 0; at < manifest.size(); ++at) {
      auto damaged = manifest;
      damaged[at] ^= 0x01;
      EXPECT_FALSE(attest::import_rim(damaged, signers, {}, valid)) << path << " " << at;
    }
  }
}

}  // namespace
}  // namespace birthmark
