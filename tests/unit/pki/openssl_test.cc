// SPDX-License-Identifier: Apache-2.0
// What OpenSSL and GnuTLS make of our certificates, with every parameter of the verification spelt out.
#include <gtest/gtest.h>

#include "unit/pki/support.h"

namespace birthmark::pki {
namespace {

using testing::Parts;
using testing::world;
using testing::write_pem;
using enum ProfileId;

constexpr auto kArc = "2.25.142765658909882564918648325217456130158";  // the UUID of pki/arc.h as a number
constexpr auto kVerifiedAt = "1795910400";                             // 2026-11-29T00:00:00Z

struct Said {
  int code = -1;
  std::string text;
};
Said run(std::vector<std::string> argv) {
  const auto finished = test::run({.argv = std::move(argv)});
  return {finished.exit_code.value_or(-1), finished.out + finished.err};
}

class Openssl : public ::testing::Test {
 protected:
  /// Strict, at a fixed time, no anchors but the root, no limits relaxed.
  Said verify(BytesView leaf, std::initializer_list<BytesView> chain, BytesView root,
              std::vector<std::string> more = {}) {
    write_pem(directory_ / "leaf.pem", {leaf});
    write_pem(directory_ / "chain.pem", chain);
    write_pem(directory_ / "root.pem", {root});
    std::vector<std::string> argv{"openssl",      "verify",
                                  "-x509_strict", "-check_ss_sig",
                                  "-attime",      kVerifiedAt,
                                  "-no-CApath",   "-no-CAstore",
                                  "-auth_level",  "2",
                                  "-CAfile",      (directory_ / "root.pem").string(),
                                  "-untrusted",   (directory_ / "chain.pem").string()};
    argv.insert(argv.end(), more.begin(), more.end());
    argv.push_back((directory_ / "leaf.pem").string());
    return run(std::move(argv));
  }
  Said verify_idevid(BytesView leaf, std::vector<std::string> more = {}) {
    const auto& w = world();
    return verify(leaf, {w.batch.der(), w.factory.der(), w.product.der()}, w.manufacturing_root.der(), std::move(more));
  }
  Said verify_ldevid(BytesView leaf, std::vector<std::string> more = {}) {
    return verify(leaf, {world().operational.der()}, world().operational_root.der(), std::move(more));
  }
  std::string text(BytesView der) {
    write_pem(directory_ / "one.pem", {der});
    return run({"openssl", "x509", "-noout", "-text", "-nameopt", "RFC2253", "-in", (directory_ / "one.pem").string()})
        .text;
  }
  test::TempDir directory_;
};

void expect_ok(const Said& said) {
  EXPECT_EQ(said.code, 0) << said.text;
}
void expect_error(const Said& said, int number) {
  EXPECT_NE(said.code, 0);
  EXPECT_NE(said.text.find("error " + std::to_string(number) + " at "), std::string::npos) << said.text;
}

// --- openssl x509 -text ---

struct Shown {
  ProfileId profile;
  std::vector<const char*> has;
  std::vector<const char*> lacks;
};
constexpr auto kPathless = "CA:TRUE\n",
               kCaUsage = "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n",
               kLeafUsage = "X509v3 Key Usage: critical\n                Digital Signature\n",
               kForever = "Not After : Dec 31 23:59:59 9999 GMT",
               kClient = "X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n";

TEST_F(Openssl, reads_every_profile_as_it_was_meant) {
  const std::vector<Shown> table{
      {manufacturing_root, {kPathless, kCaUsage, kForever}, {"pathlen", "Name Constraints", "Extended Key Usage"}},
      {product_line_ca, {"CA:TRUE, pathlen:2", kCaUsage, kForever, "DirName:O = heatpump\n"}, {"Extended Key Usage"}},
      {factory_ca,
       {"CA:TRUE, pathlen:1", kCaUsage, kForever, "DirName:O = heatpump, OU = plant-1\n"},
       {"Extended Key Usage"}},
      {batch_ca,
       {"CA:TRUE, pathlen:0", kCaUsage, kForever, kClient, "X509v3 Name Constraints: critical\n",
        "DirName:O = heatpump, OU = plant-1, OU = B-2026-11\n", "URI:http://pki.example/crl/7"},
       {"Digital Signature"}},
      {operational_root, {kPathless, kCaUsage, kForever}, {"pathlen", "Name Constraints", "Extended Key Usage"}},
      {operational_ca,
       {"CA:TRUE, pathlen:0", kCaUsage, kForever, kClient, "DirName:O = heatpump, OU = plant-1, OU = B-2026-11\n"},
       {}},
      {service_root, {kPathless, kCaUsage, kForever}, {"pathlen", "Name Constraints"}},
      {service_ca,
       {"CA:TRUE, pathlen:0",
        "TLS Web Server Authentication, TLS Web Client Authentication, CMC Registration Authority"},
       {"Name Constraints"}},
      {idevid,
       {"Version: 3 (0x2)", kForever, kLeafUsage, "serialNumber=", ",OU=B-2026-11,OU=plant-1,O=heatpump",
        "X509v3 Authority Key Identifier", "URI:http://pki.example/crl/7", "X509v3 Certificate Policies"},
       {"Extended Key Usage", "Basic Constraints", "Subject Key Identifier", "Name Constraints"}},
      {ldevid,
       {"Not After : Dec 23 10:00:00 2026 GMT", kLeafUsage, kClient, "URI:http://pki.example/crl/7"},
       {"Basic Constraints", "Subject Key Identifier"}},
      {server,
       {"DNS:issuer.example, DNS:localhost, IP Address:127.0.0.1",
        "TLS Web Server Authentication, CMC Registration Authority", kLeafUsage},
       {"Client Authentication"}},
      {station, {"Not After : Dec 23 10:00:00 2026 GMT", kLeafUsage, kClient}, {"Subject Alternative Name"}},
      {operator_person, {"Not After : Feb 21 10:00:00 2027 GMT", kLeafUsage, kClient}, {}},
      {gate, {"Not After : Feb 21 10:00:00 2027 GMT", kLeafUsage, kClient}, {}},
      {matter_paa,
       {"CA:TRUE, pathlen:1", kCaUsage, kForever, "1.3.6.1.4.1.37244.2.1=#0C0446464631",
        "X509v3 Subject Key Identifier"},
       {"Extended Key Usage", "Name Constraints", "37244.2.2"}},
      {matter_pai,
       {"CA:TRUE, pathlen:0", kCaUsage, kForever, "1.3.6.1.4.1.37244.2.1=#0C0446464631",
        "1.3.6.1.4.1.37244.2.2=#0C0438303030"},
       {"Extended Key Usage", "Name Constraints"}},
      {matter_dac,
       {"CA:FALSE", kLeafUsage, kForever, "1.3.6.1.4.1.37244.2.1=#0C0446464631", "1.3.6.1.4.1.37244.2.2=#0C0438303030",
        "X509v3 Subject Key Identifier", "X509v3 Authority Key Identifier"},
       {"Extended Key Usage", "Subject Alternative Name"}},
  };
  ASSERT_EQ(table.size(), all_profiles().size());
  for (const auto& row : table) {
    const auto said = text(world().certificate(row.profile));
    for (const auto* const has : row.has) {
      EXPECT_NE(said.find(has), std::string::npos) << profile(row.profile).name << " lacks " << has << "\n" << said;
    }
    for (const auto* const lacks : row.lacks) {
      EXPECT_EQ(said.find(lacks), std::string::npos) << profile(row.profile).name << " has " << lacks;
    }
    EXPECT_EQ(said.find("2.25.") != std::string::npos, profile(row.profile).receipt);
  }
}

TEST_F(Openssl, reads_our_arc_and_the_hardware_module_name) {
  const auto der = world().certificate(ldevid);
  const auto shown = text(der);
  for (const auto* const extension : {"1", "3"}) {
    EXPECT_NE(shown.find(std::string{kArc} + "." + extension + ": \n"), std::string::npos) << shown;
  }
  for (const auto* const policy : {"4", "6"}) {
    EXPECT_NE(shown.find("Policy: " + std::string{kArc} + "." + policy + "\n"), std::string::npos) << shown;
  }
  // Its printer does not know the otherName; its parser reads the structure.
  test::TempDir directory;
  const auto path = directory / "san.der";
  const auto value = Parts{der}[oids::subject_alt_name].value;
  testing::write_text(path, {reinterpret_cast<const char*>(value.data()), value.size()});
  const auto san = run({"openssl", "asn1parse", "-inform", "DER", "-in", path.string()}).text;
  const auto at = [&](const char* what) { return san.find(what); };
  EXPECT_LT(at("1.3.6.1.5.5.7.8.4"), at("2.23.133.1.2")) << san;
  EXPECT_LT(at("2.23.133.1.2"), at(":53494D31:AABB:0102")) << san;
  EXPECT_NE(at(":53494D31:AABB:0102"), std::string::npos) << san;
}

// --- openssl verify over whole chains ---

TEST_F(Openssl, accepts_the_whole_chain_of_an_idevid) {
  const auto leaf = world().certificate(idevid);
  expect_ok(verify_idevid(leaf));
  expect_ok(verify_idevid(leaf, {"-purpose", "sslclient"}));  // by the clientAuth of the batch CA
  expect_ok(verify_idevid(leaf, {"-verify_depth", "3"}));
}

TEST_F(Openssl, accepts_the_whole_chain_of_an_ldevid_as_a_client) {
  expect_ok(verify_ldevid(world().certificate(ldevid), {"-purpose", "sslclient", "-verify_depth", "1"}));
}

TEST_F(Openssl, accepts_the_whole_chain_of_a_dac) {
  const auto& w = world();
  expect_ok(verify(w.certificate(matter_dac), {w.matter_pai.der()}, w.matter_paa.der(), {"-verify_depth", "1"}));
  EXPECT_NE(verify(w.certificate(matter_dac), {}, w.matter_paa.der()).code, 0);
  EXPECT_NE(verify(w.certificate(matter_dac), {w.matter_pai.der()}, w.manufacturing_root.der()).code, 0);
}

TEST_F(Openssl, takes_no_device_for_a_server_and_no_person_for_a_ca) {
  expect_error(verify_idevid(world().certificate(idevid), {"-purpose", "sslserver"}), 26);
  expect_error(verify_ldevid(world().certificate(ldevid), {"-purpose", "sslserver"}), 26);
  expect_error(verify(world().certificate(station), {world().service.der()}, world().service_root.der(),
                      {"-purpose", "sslserver"}),
               26);
}

TEST_F(Openssl, accepts_services_for_their_purpose_and_host) {
  const auto verify_service = [&](ProfileId which, std::vector<std::string> more) {
    return verify(world().certificate(which), {world().service.der()}, world().service_root.der(), std::move(more));
  };
  expect_ok(verify_service(server, {"-purpose", "sslserver", "-verify_hostname", "issuer.example"}));
  expect_ok(verify_service(server, {"-purpose", "sslserver", "-verify_ip", "127.0.0.1"}));
  expect_error(verify_service(server, {"-purpose", "sslserver", "-verify_hostname", "other.example"}), 62);
  for (const auto which : {station, operator_person, gate}) {
    expect_ok(verify_service(which, {"-purpose", "sslclient"}));
  }
}

// The scopes hold at verifiers that know nothing of us (AC-15).
TEST_F(Openssl, refuses_a_leaf_of_another_batch_by_the_name_constraints) {
  for (const auto which : {idevid, ldevid}) {
    Parts parts{world().certificate(which)};
    parts.subject = encode(testing::device_request(which, {}, {"plant-1", "B-2026-12"}).subject.name);
    const auto forged = testing::sign(world().issuer_of(which).key, parts.tbs());
    expect_error(which == idevid ? verify_idevid(forged) : verify_ldevid(forged), 47);
  }
}

TEST_F(Openssl, refuses_a_batch_ca_that_makes_another_ca) {
  const auto key = testing::new_key();
  Parts parts{world().batch.der()};
  parts.issuer = world().batch.made.issuer.name;
  parts.spki = to_bytes(key.public_key().spki());
  parts.serial.back() ^= 1;
  const auto below = testing::sign(world().batch.key, parts.tbs());
  Parts leaf{world().certificate(idevid)};
  const auto forged = testing::sign(key, leaf.tbs());
  const auto& w = world();
  const auto said =
      verify(forged, {below, w.batch.der(), w.factory.der(), w.product.der()}, w.manufacturing_root.der());
  EXPECT_NE(said.code, 0);
}

TEST_F(Openssl, refuses_a_chain_that_mixes_hierarchies) {
  const auto& w = world();
  EXPECT_NE(
      verify(w.certificate(idevid), {w.batch.der(), w.factory.der(), w.product.der()}, w.operational_root.der()).code,
      0);
  EXPECT_NE(verify(w.certificate(ldevid), {w.operational.der()}, w.manufacturing_root.der()).code, 0);
}

TEST_F(Openssl, refuses_a_changed_certificate) {
  auto changed = world().certificate(ldevid);
  changed[changed.size() / 2] ^= 1;
  EXPECT_NE(verify_ldevid(changed).code, 0);
}

// 802.1AR-2018 §8.7: what has no end is valid in the year 9998 and was not yet in 2025. OpenSSL takes the time as a
// number, so that the reader's clock does not matter.
TEST_F(Openssl, reads_the_year_9999_as_no_end) {
  EXPECT_EQ(verify_idevid(world().certificate(idevid), {"-attime", "253370764800"}).code, 0);
  expect_error(verify_idevid(world().certificate(idevid), {"-attime", "1735689600"}), 9);
  expect_error(verify_ldevid(world().certificate(ldevid), {"-attime", "1798761600"}), 10);
}

// --- a third implementation ---

// libtasn1 keeps an arc of an OID in 64 bits, ours below 2.25 has 128 (ITU-T X.667): it reads no certificate of a
// device (docs/conformance.md). CAs and services, which GnuTLS peers meet in TLS, hold nothing of our arc.
TEST_F(Openssl, leaves_gnutls_able_to_read_cas_and_services) {
  if (test::run({.argv = {"sh", "-c", "command -v certtool"}}).exit_code != 0) {
    GTEST_SKIP() << "certtool (package gnutls-bin) is not installed";
  }
  for (const auto& row : all_profiles()) {
    if (row.device) {
      continue;
    }
    write_pem(directory_ / "one.pem", {world().certificate(row.id)});
    const auto said = run({"certtool", "--certificate-info", "--infile", (directory_ / "one.pem").string()});
    EXPECT_EQ(said.code, 0) << row.name << said.text;
    EXPECT_NE(said.text.find("Version: 3"), std::string::npos) << row.name;
  }
}

}  // namespace
}  // namespace birthmark::pki
