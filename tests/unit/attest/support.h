// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "attest/endorsement.h"
#include "codec/tpm_template.h"
#include "support/paper_tpm.h"
#include "support/paths.h"
#include "unit/pki/support.h"

/// A silicon vendor whose keys the test holds, so that everything it certifies can be spoilt before it is signed.
namespace birthmark::attest::testing {

using pki::testing::at;
using pki::testing::bits_value;
using pki::testing::new_key;
using pki::testing::oids_value;
using pki::testing::Parts;

inline Instant made_at() {
  return at("2026-11-23T10:00:00Z");
}
inline Instant later() {
  return at("2027-06-01T00:00:00Z");
}

struct Vendor {
  fleet::SiliconVendor pattern = std::move(*fleet::SiliconVendor::create(made_at()));
  crypto::PrivateKey root_key = new_key();
  crypto::PrivateKey intermediate_key = new_key();

  [[nodiscard]] Parts root_parts() const { return with_key(pattern.root_certificate(), root_key); }
  [[nodiscard]] Parts intermediate_parts() const {
    return with_key(pattern.intermediate_certificate(), intermediate_key);
  }
  [[nodiscard]] Bytes root() const { return pki::testing::sign(root_key, root_parts().tbs()); }
  [[nodiscard]] Bytes intermediate() const { return pki::testing::sign(root_key, intermediate_parts().tbs()); }
  [[nodiscard]] Parts endorsement_parts(const crypto::PublicKey& ek) const {
    return Parts{pattern.issue_endorsement(ek, {}, made_at()).value()};
  }
  [[nodiscard]] Bytes endorsement(const crypto::PublicKey& ek) const {
    return pki::testing::sign(intermediate_key, endorsement_parts(ek).tbs());
  }

 private:
  static Parts with_key(BytesView certificate, const crypto::PrivateKey& key) {
    Parts parts{certificate};
    parts.spki = to_bytes(key.public_key().spki());
    return parts;
  }
};

inline const Vendor& vendor() {
  static const Vendor made;
  return made;
}

/// The root pinned; the intermediate too, or left to come as a hint.
enum class Pin : std::uint8_t { root_only, both };
inline VendorTrust trust_in(const Vendor& whom, Pin pin = Pin::both) {
  VendorTrust trust;
  EXPECT_TRUE(trust.add(whom.root(), "test vendor", AnchorKind::root, AnchorClass::simulated));
  if (pin == Pin::both) {
    EXPECT_TRUE(trust.add(whom.intermediate(), "test vendor", AnchorKind::intermediate, AnchorClass::simulated));
  }
  return trust;
}

/// A CertificateList with each of its fields open to change.
struct Crl {
  Bytes issuer;
  Instant this_update = made_at();
  std::optional<Instant> next_update = later();
  std::vector<Bytes> serials;
  std::vector<pki::testing::OwnExtension> extensions;
  std::vector<pki::testing::OwnExtension> entry_extensions;  ///< of every entry
  unsigned version = 1;

  [[nodiscard]] Bytes tbs() const {
    der::Writer out;
    out.open(der::tag::sequence).unsigned_int(version);
    out.open(der::tag::sequence).oid(oids::ecdsa_with_sha256).close().raw(issuer).time(this_update);
    if (next_update) {
      out.time(*next_update);
    }
    if (!serials.empty()) {
      out.open(der::tag::sequence);
      for (const auto& serial : serials) {
        out.open(der::tag::sequence).primitive(der::tag::integer, serial).time(this_update);
        write(out, entry_extensions);
        out.close();
      }
      out.close();
    }
    if (!extensions.empty()) {
      out.open(der::tag::context_constructed(0));
      write(out, extensions);
      out.close();
    }
    out.close();
    return std::move(out).finish();
  }

 private:
  static void write(der::Writer& out, const std::vector<pki::testing::OwnExtension>& list) {
    if (list.empty()) {
      return;
    }
    std::vector<x509::Extension> views;
    for (const auto& one : list) {
      views.push_back({one.type, one.critical, one.value});
    }
    out.raw(x509::write_extensions(views));
  }
};

/// A list of the vendor's intermediate with these serials, as whole DER INTEGER contents.
inline Crl crl_of(const Vendor& whom, std::vector<Bytes> serials = {}) {
  Crl crl;
  crl.issuer = to_bytes(x509::Certificate::read(whom.intermediate()).value().subject());
  crl.serials = std::move(serials);
  return crl;
}
inline Bytes signed_crl(const Vendor& whom, const Crl& crl) {
  return pki::testing::sign(whom.intermediate_key, crl.tbs());
}

// --- the vectors beside the repository ---

inline std::filesystem::path golden() {
  return test::shared_vectors() / "tpm2-golden";
}
inline Bytes golden_file(const std::string& name) {
  auto bytes = pki::testing::read_file(golden() / name);
  EXPECT_FALSE(bytes.empty()) << name;
  return bytes;
}

/// The name of the step that failed, "" if all passed; those before it passed, those behind were not reached.
inline std::string failed_check(const Findings& findings) {
  std::string failed;
  for (const auto& finding : findings) {
    switch (finding.outcome) {
      case Outcome::passed:
        EXPECT_TRUE(failed.empty()) << finding.check << " passed behind " << failed;
        break;
      case Outcome::failed:
        EXPECT_TRUE(failed.empty()) << finding.check << " failed behind " << failed;
        EXPECT_FALSE(finding.detail.empty()) << finding.check;
        failed = finding.check;
        break;
      case Outcome::not_reached:
        EXPECT_FALSE(failed.empty()) << finding.check << " was not reached, though nothing failed";
        break;
    }
  }
  return failed;
}

}  // namespace birthmark::attest::testing
