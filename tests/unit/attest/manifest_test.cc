// SPDX-License-Identifier: Apache-2.0
#include "attest/manifest.h"

#include "unit/attest/manifests.h"

namespace birthmark::attest {
namespace {

using namespace testing;

const Supplier& supplier() {
  static const Supplier made;
  return made;
}

TEST(ChipManifest, lists_chips_with_their_keys) {
  Chip one, two;
  two.id = two.outer_id = "0123ffffffffffff01";
  two.with_certificate = false;
  const auto text = manifest_of({one.entry(supplier()), two.entry(supplier())});
  const auto manifest = read_chip_manifest(text, supplier().pinned(), later());
  ASSERT_TRUE(manifest) << manifest.error().check << manifest.error().detail;
  EXPECT_EQ(manifest->kind(), ComponentKind::chip);
  EXPECT_EQ(manifest->supplier(), "Chips");
  EXPECT_EQ(manifest->anchor_class(), AnchorClass::genuine);
  EXPECT_EQ(manifest->digest(), crypto::sha256(as_bytes(text)));
  ASSERT_EQ(manifest->components().size(), 2U);
  const auto* const found = manifest->find(from_hex(one.id).value());
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->part, "ATECC608A-TNGTLS");
  ASSERT_EQ(found->keys.size(), 1U);
  EXPECT_EQ(found->keys[0].slot, "0");
  EXPECT_EQ(found->keys[0].key, one.slot.public_key());
  EXPECT_EQ(manifest->find(Bytes{1}), nullptr);
}

struct Broken {
  const char* name;
  const char* check;
  void (*spoil)(Chip&);
};
class ChipEntry : public ::testing::TestWithParam<Broken> {};
TEST_P(ChipEntry, is_refused) {
  Chip chip;
  GetParam().spoil(chip);
  const auto manifest = read_chip_manifest(manifest_of({chip.entry(supplier())}), supplier().pinned(), later());
  ASSERT_FALSE(manifest);
  EXPECT_EQ(manifest.error().code, Code::bad_evidence);
  EXPECT_EQ(manifest.error().check, GetParam().check) << manifest.error().detail;
}
const crypto::PrivateKey& another_key() {
  static const auto key = pki::testing::new_key();
  return key;
}
std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at_place = text.find(from);
  EXPECT_NE(at_place, std::string::npos) << from;
  return text.replace(at_place, from.size(), to);
}
INSTANTIATE_TEST_SUITE_P(
    Table, ChipEntry,
    ::testing::Values(
        Broken{"another_id_outside", "manifest.entry", [](Chip& c) { c.outer_id = "0123ffffffffffff01"; }},
        Broken{"id_that_is_no_hex", "manifest.entry", [](Chip& c) { c.id = c.outer_id = "chip one"; }},
        Broken{"empty_id", "manifest.entry", [](Chip& c) { c.id = c.outer_id = ""; }},
        Broken{"certificate_of_another_key", "manifest.entry", [](Chip& c) { c.certified = &another_key(); }},
        Broken{"member_twice", "manifest.entry", [](Chip& c) { c.more = R"(,"uniqueId":"00")"; }},
        Broken{"alg_none", "manifest.entry", [](Chip& c) { c.header = R"({"alg":"none"})"; }},
        Broken{"hmac", "manifest.entry", [](Chip& c) { c.header = R"({"alg":"HS256"})"; }},
        Broken{"no_kid", "manifest.signer", [](Chip& c) { c.header = R"({"alg":"ES256"})"; }},
        Broken{"another_kid", "manifest.signer",
               [](Chip& c) { c.header = replaced(supplier().header(), "\"kid\":\"", "\"kid\":\"A"); }},
        Broken{"another_type", "manifest.signer",
               [](Chip& c) { c.header = replaced(supplier().header(), "JWT", "JWS"); }},
        Broken{"another_thumbprint", "manifest.signer",
               [](Chip& c) {
                 const auto good = base64::encode_url(crypto::sha256(supplier().certificate).get());
                 c.header = replaced(supplier().header(), good, base64::encode_url(Octets<32>{}));
               }}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(ChipManifest, another_signers_entries_are_refused) {
  const Supplier other;
  const Chip chip;
  // Its own header names another key; with the pinned one's header its signature does not verify.
  EXPECT_EQ(read_chip_manifest(manifest_of({chip.entry(other)}), supplier().pinned(), later()).error().check,
            "manifest.signer");
  const auto input = jws::signing_input(supplier().header(), as_bytes(chip.payload()));
  const auto forged = jws::write_flattened(input, other.sign(input), boost::json::object{{"uniqueId", chip.id}});
  EXPECT_EQ(read_chip_manifest(manifest_of({forged}), supplier().pinned(), later()).error().check,
            "manifest.signature");
}

TEST(ChipManifest, one_bad_entry_spoils_all_and_one_chip_stands_once) {
  Chip good, bad;
  bad.id = "0123ffffffffffff01";  // and not so outside
  EXPECT_FALSE(
      read_chip_manifest(manifest_of({good.entry(supplier()), bad.entry(supplier())}), supplier().pinned(), later()));
  const auto twice = manifest_of({good.entry(supplier()), good.entry(supplier())});
  EXPECT_EQ(read_chip_manifest(twice, supplier().pinned(), later()).error().check, "manifest.duplicate");
}

TEST(ChipManifest, signers_have_their_time) {
  Supplier past;
  past.spec.not_after = at("2027-01-01T00:00:00Z");
  past.certificate = certify(past.spec, past.key.public_key(), past.key);
  const Chip chip;
  EXPECT_EQ(read_chip_manifest(manifest_of({chip.entry(past)}), past.pinned(), later()).error().check,
            "manifest.signer");
  EXPECT_TRUE(read_chip_manifest(manifest_of({chip.entry(past)}), past.pinned(), made_at()));
}

TEST(ChipManifest, other_documents_are_refused) {
  const Chip chip;
  const auto entry = chip.entry(supplier());
  for (const auto& text : {std::string{}, std::string{"[]"}, std::string{"{}"}, entry, "[" + entry, "[" + entry + ",]",
                           "[[" + entry + "]]", std::string{"[null]"}}) {
    EXPECT_FALSE(read_chip_manifest(text, supplier().pinned(), later())) << text.substr(0, 20);
  }
  const auto text = manifest_of({entry});
  for (std::size_t size = 0; size < text.size(); size += 13) {
    EXPECT_FALSE(read_chip_manifest(text.substr(0, size), supplier().pinned(), later()));
  }
}

TEST(ChipManifest, sizes_are_bound) {
  EXPECT_EQ(read_chip_manifest(std::string(kManifestMaxBytes + 1, ' '), supplier().pinned(), later()).error().check,
            "manifest.structure");
  std::string many = "[null";
  for (std::size_t i = 0; i < kManifestComponentsMax; ++i) {
    many += ",null";
  }
  EXPECT_EQ(read_chip_manifest(many + "]", supplier().pinned(), later()).error().check, "manifest.structure");
  Chip crowded;
  crowded.more = ",\"notes\":\"" + std::string(jws::kPayloadMaxBytes, 'x') + "\"";
  EXPECT_FALSE(read_chip_manifest(manifest_of({crowded.entry(supplier())}), supplier().pinned(), later()));
}

TEST(ChipManifest, no_changed_letter_of_an_entry_passes_as_another) {
  const Chip chip;
  const auto text = manifest_of({chip.entry(supplier())});
  const auto good = read_chip_manifest(text, supplier().pinned(), later()).value();
  for (std::size_t at_place = 0; at_place < text.size(); at_place += 3) {
    auto changed = text;
    changed[at_place] = changed[at_place] == 'A' ? 'B' : 'A';
    const auto read = read_chip_manifest(changed, supplier().pinned(), later());
    EXPECT_FALSE(read) << at_place;
  }
}

TEST(ManifestSigner, is_a_p256_key_with_an_identifier) {
  const Supplier without_id = [] {
    Supplier made;
    made.spec.drop(oids::subject_key_identifier);
    made.certificate = certify(made.spec, made.key.public_key(), made.key);
    return made;
  }();
  EXPECT_FALSE(ManifestSigner::pin(without_id.certificate, "x", AnchorClass::genuine));
  const auto p384 = pki::testing::new_key(crypto::KeyType::p384);
  EXPECT_FALSE(ManifestSigner::pin(certify(supplier().spec, p384.public_key(), p384), "x", AnchorClass::genuine));
  EXPECT_FALSE(ManifestSigner::pin({}, "x", AnchorClass::genuine));
}

// --- birthmark's own lists ---

TEST(ComponentList, every_kind_is_read) {
  for (const auto kind : {ComponentKind::endorsement_key, ComponentKind::device_key, ComponentKind::chip}) {
    const std::vector<Bytes> ids{Bytes(32, 2), Bytes(32, 1)};
    const auto text = supplier().list(component_list_payload(kind, "Chips", made_at(), ids));
    const auto list = read_component_list(text, supplier().pinned(), later());
    ASSERT_TRUE(list) << list.error().detail;
    EXPECT_EQ(list->kind(), kind);
    EXPECT_NE(list->find(Bytes(32, 1)), nullptr);
    EXPECT_NE(list->find(Bytes(32, 2)), nullptr);
    EXPECT_EQ(list->find(Bytes(32, 3)), nullptr);
  }
}

TEST(ComponentList, other_payloads_are_refused) {
  const std::vector<Bytes> ids{Bytes(32, 1)};
  const auto good = component_list_payload(ComponentKind::device_key, "Chips", made_at(), ids);
  const std::vector<Bytes> twice{Bytes(32, 1), Bytes(32, 1)}, shorter{Bytes(31, 1)};
  for (const auto& payload : {replaced(good, "device_key", "device"), replaced(good, "Chips", "Others"),
                              replaced(good, "/v1", "/v2"), replaced(good, "{", R"({"surprise":1,)"),
                              component_list_payload(ComponentKind::device_key, "Chips", made_at(), {}),
                              component_list_payload(ComponentKind::device_key, "Chips", made_at(), twice),
                              component_list_payload(ComponentKind::device_key, "Chips", made_at(), shorter),
                              std::string{"[]"}, std::string{"{}"}}) {
    EXPECT_FALSE(read_component_list(supplier().list(payload), supplier().pinned(), later())) << payload;
  }
  EXPECT_TRUE(read_component_list(supplier().list(good), supplier().pinned(), later()));
  const Supplier other;
  EXPECT_FALSE(read_component_list(other.list(good), supplier().pinned(), later()));
  EXPECT_FALSE(read_component_list(good, supplier().pinned(), later()));
}

// --- sets ---

std::shared_ptr<const ComponentManifest> list_of(ComponentKind kind, std::vector<Bytes> ids) {
  const auto text = supplier().list(component_list_payload(kind, "Chips", made_at(), ids));
  return std::make_shared<const ComponentManifest>(read_component_list(text, supplier().pinned(), later()).value());
}

TEST(ManifestSet, a_component_is_listed_once) {
  ManifestSet set;
  EXPECT_TRUE(set.add(list_of(ComponentKind::chip, {Bytes(9, 1), Bytes(9, 2)})));
  const auto again = set.add(list_of(ComponentKind::chip, {Bytes(9, 3), Bytes(9, 2)}));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::conflict);
  EXPECT_EQ(again.error().check, "manifest.duplicate");
  EXPECT_FALSE(set.find(ComponentKind::chip, Bytes(9, 3)));  // nothing of it was taken
  EXPECT_TRUE(set.add(list_of(ComponentKind::device_key, {Bytes(32, 2)})));
  ASSERT_TRUE(set.find(ComponentKind::chip, Bytes(9, 2)));
  EXPECT_EQ(set.find(ComponentKind::chip, Bytes(9, 2))->component->id, Bytes(9, 2));
  EXPECT_FALSE(set.find(ComponentKind::endorsement_key, Bytes(32, 2)));
}

}  // namespace
}  // namespace birthmark::attest
