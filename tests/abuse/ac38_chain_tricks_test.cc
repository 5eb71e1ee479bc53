// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>

#include "codec/extensions.h"
#include "support/made_certificates.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using lifecycle::State;

/// The key of every CA may be stolen; what it signs is good for the CA's own batch at most. Paths of any length are
/// attacked in tests/unit/pki/path/attacks_test.cc.
class AC38 : public testing::Test {
 protected:
  AC38() { world_.open_batch("B-2"); }

  [[nodiscard]] app::Ca operational(const std::string& batch) const {
    const auto ca = world_.batch(batch).operational_ca;
    return *world_.cases->cas.get()->find(ca);
  }
  [[nodiscard]] const crypto::PrivateKey& key_of(const app::Ca& ca) { return *world_.signer.stolen(ca.record.key); }

  /// The genuine certificate of the device, to be changed before it is signed.
  [[nodiscard]] MadeCertificate genuine() const {
    const auto leaf = must(x509::Certificate::read(device_.ldevid));
    MadeCertificate out{.serial = to_bytes(leaf.serial()),
                        .issuer = to_bytes(leaf.issuer()),
                        .subject = to_bytes(leaf.subject()),
                        .not_before = leaf.not_before(),
                        .not_after = leaf.not_after(),
                        .spki = to_bytes(leaf.spki()),
                        .extensions = {}};
    for (const auto& one : leaf.extensions()) {
      out.extensions.push_back({to_bytes(one.type), one.critical, to_bytes(one.value)});
    }
    return out;
  }
  static void replace(MadeCertificate& in, MadeExtension by) {
    std::erase_if(in.extensions, [&](const MadeExtension& one) { return one.type == by.type; });
    in.extensions.insert(in.extensions.begin(), std::move(by));
  }
  /// Nobody is shown who it says, and the reason is in the log.
  void refused(const Bytes& shown, Code code) {
    const auto before = world_.refusals(code);
    const auto got = world_.at_edge(world_.cases->access.present(shown), crypto::sha256(shown));
    ASSERT_FALSE(got) << "presented";
    EXPECT_EQ(got.error().code, code) << got.error().detail;
    EXPECT_EQ(world_.refusals(code), before + 1);
    EXPECT_EQ(world_.decision(device_).verdict, policy::Verdict::allow) << "the device itself is not hurt";
  }

  World world_;
  Device device_ = world_.device_in(State::operational);
  crypto::PrivateKey stranger_ = must(crypto::PrivateKey::generate(crypto::KeyType::p256));
};

TEST_F(AC38, a_certificate_that_is_what_it_was_is_presented) {
  EXPECT_TRUE(world_.cases->access.present(device_.ldevid));
  const auto again = genuine().signed_by(key_of(operational("B-1")));
  EXPECT_TRUE(world_.cases->access.present(again)) << "the other tests change one thing each";
}

TEST_F(AC38, the_ca_of_another_batch_signs_for_its_own_names_only) {
  const auto other = operational("B-2");
  auto made = genuine();
  made.issuer = to_bytes(must(x509::Certificate::read(other.record.certificate)).subject());
  replace(made, authority_key_id(other.certificate.issuer.key_id));
  refused(made.signed_by(key_of(other)), Code::scope);
}

TEST_F(AC38, a_ca_of_the_same_name_with_another_key_is_nobody) {
  auto made = genuine();
  refused(made.signed_by(stranger_), Code::unauthenticated);
  replace(made, authority_key_id(BytesView{stranger_.public_key().spki_sha256().get()}.first(20)));
  refused(made.signed_by(stranger_), Code::unauthenticated);
}

TEST_F(AC38, no_name_outside_the_batch_is_signed_for) {
  auto made = genuine();
  const auto serial = to_hex(device_.id.get());
  const std::array parts{x509::NamePart{oids::organization, der::tag::utf8_string, "heatpump"},
                         x509::NamePart{oids::organizational_unit, der::tag::utf8_string, "B-2"},
                         x509::NamePart{oids::serial_number, der::tag::printable_string, serial}};
  made.subject = must(x509::write_name(parts));
  refused(made.signed_by(key_of(operational("B-1"))), Code::scope);
}

TEST_F(AC38, no_extension_that_nobody_here_knows_passes) {
  auto made = genuine();
  made.extensions.push_back({to_bytes(oid<1, 3, 6, 1, 4, 1, 99999, 1>), true, {0x05, 0x00}});
  refused(made.signed_by(key_of(operational("B-1"))), Code::scope);
}

TEST_F(AC38, no_leaf_is_a_ca) {
  auto made = genuine();
  replace(made, basic_constraints(true, 0));
  refused(made.signed_by(key_of(operational("B-1"))), Code::scope);
  // Nor does a genuine one certify: its key is a device's.
  auto below = genuine();
  below.issuer = genuine().subject;
  replace(below, authority_key_id(BytesView{stranger_.public_key().spki_sha256().get()}.first(20)));
  refused(below.signed_by(device_.ldevid_key->key), Code::unauthenticated);
}

TEST_F(AC38, a_curve_of_ones_own_is_no_key) {  // CVE-2020-0601: a generator of one's own makes any key one's own
  auto made = genuine();
  const auto point = device_.ldevid_key->key.public_key().point();
  constexpr auto kPrimeField = oid<1, 2, 840, 10045, 1, 1>;
  const auto parameters = sequence(
      {element(der::tag::integer, Bytes{1}),
       sequence({element(der::tag::oid, kPrimeField), element(der::tag::integer, Bytes(32, 0x7F))}),
       sequence({element(der::tag::octet_string, Bytes(32, 1)), element(der::tag::octet_string, Bytes(32, 2))}),
       element(der::tag::octet_string, point), element(der::tag::integer, Bytes(32, 0x7F))});
  made.spki = sequence({sequence({element(der::tag::oid, oids::ec_public_key), parameters}),
                        element(der::tag::bit_string, joined({Bytes{0}, point}))});
  refused(made.signed_by(key_of(operational("B-1"))), Code::bad_request);
}

}  // namespace
}  // namespace birthmark::test
