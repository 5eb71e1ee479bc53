// SPDX-License-Identifier: Apache-2.0
#include "support/paper_hardware.h"

#include <algorithm>
#include <iterator>

#include "codec/base64.h"
#include "codec/csr_attestation.h"
#include "codec/dice.h"
#include "codec/hardware_answer.h"
#include "codec/jws.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/hash.h"
#include "pki/arc.h"
#include "support/made_certificates.h"
#include "support/paper_psa.h"
#include "support/world_parts.h"

namespace birthmark::test {
namespace {

using attest::AnchorClass;
using lifecycle::RootKind;

constexpr std::string_view kVendor = "acme";
constexpr std::uint32_t kSigns = 1U << 0, kCertSigns = 1U << 5;
// Of a YubiKey's attestation certificates.
constexpr auto kChipFirmware = oid<1, 3, 6, 1, 4, 1, 41482, 3, 3>, kChipSerial = oid<1, 3, 6, 1, 4, 1, 41482, 3, 7>;

crypto::PrivateKey new_key() {
  return must(crypto::PrivateKey::generate(crypto::KeyType::p256));
}
Bytes key_id(const crypto::PrivateKey& key) {
  return to_bytes(BytesView{key.public_key().spki_sha256().get()}.first(20));
}

policy::ProductPolicy policy_of(RootKind kind) {
  policy::ProductPolicy out;
  out.simulated = policy::SimulatedRoots::allowed;
  out.root_kinds = {kind};
  return out;
}

/// A bundle of one statement in a type of our own.
Bytes bundle_of(BytesView type, BytesView value) {
  return must(csr_attestation::write({.statements = {{type, value}}, .certificates = {}}));
}

/// A certificate without an end, as makers of chips issue them.
MadeCertificate certificate(Bytes issuer, Bytes subject, const crypto::PrivateKey& key) {
  return {.issuer = std::move(issuer),
          .subject = std::move(subject),
          .not_before = from_ms(1'700'000'000'000),
          .not_after = kNoEnd,
          .spki = to_bytes(key.public_key().spki()),
          .extensions = {}};
}

class Psa final : public PaperHardware {
 public:
  [[nodiscard]] RootKind kind() const override { return RootKind::psa; }
  [[nodiscard]] Bytes public_identity() const override { return to_bytes(paper_.iak.public_key().spki()); }
  [[nodiscard]] const crypto::PrivateKey& birth_key() const override { return paper_.idevid; }
  [[nodiscard]] const crypto::PrivateKey& statement_key() const override { return paper_.iak; }
  crypto::PrivateKey make_key() override { return new_key(); }
  [[nodiscard]] Bytes bundle(const crypto::PrivateKey& /*named by the fresh value*/,
                             const Digest& fresh) const override {
    return PaperPsa::bundle(paper_.token(fresh));
  }
  void deliver_to(attest::Trust& trust) const override { paper_.deliver_to(trust); }
  bool open_debug() override {
    paper_.lifecycle = 0x4000;
    return true;
  }
  void denied_by(attest::Trust& trust) const override {
    trust.token_instances.deny(paper_.iak.public_key().spki_sha256());
  }
  [[nodiscard]] policy::ProductPolicy policy() const override {
    auto out = policy_of(RootKind::psa);
    out.evidence.secure_keys = {{.environment = to_bytes(paper_.implementation_id)}};
    return out;
  }

 private:
  PaperPsa paper_ = [] {
    PaperPsa made;
    const auto& hash = made.iak.public_key().spki_sha256().get();
    std::copy(hash.begin(), hash.end(), made.instance_id.begin() + 1);
    return made;
  }();
};

class Dice final : public PaperHardware {
 public:
  [[nodiscard]] RootKind kind() const override { return RootKind::dice; }
  [[nodiscard]] Bytes public_identity() const override { return to_bytes(device_.public_key().spki()); }
  [[nodiscard]] const crypto::PrivateKey& birth_key() const override { return device_; }
  [[nodiscard]] const crypto::PrivateKey& statement_key() const override { return device_; }
  crypto::PrivateKey make_key() override { return new_key(); }

  /// The key of the field is the one that the chain ends in; at birth that is an alias, and the device key below it is
  /// what the evidence is about.
  [[nodiscard]] Bytes bundle(const crypto::PrivateKey& key, const Digest& fresh) const override {
    const auto& leaf = &key == &device_ ? alias_ : key;
    const auto device = device_certificate();
    const auto layers = std::array{layer(), leaf_certificate(leaf)};
    const auto signature = must(leaf.sign(fresh.get()));
    const auto value = hardware_answer::write(hardware_answer::Dice{device, {layers[0], layers[1]}, signature});
    return bundle_of(pki::arc::dice_evidence, value);
  }
  void deliver_to(attest::Trust& trust) const override {
    auto ca = certificate(common_name("DICE CA"), common_name("DICE CA"), ca_);
    ca.extensions = {basic_constraints(true), key_usage(kCertSigns), subject_key_id(key_id(ca_))};
    must(trust.dice.add_issuer(ca.signed_by(ca_), std::string{kVendor}, AnchorClass::simulated));
  }
  bool open_debug() override {
    flags_ = dice::flag::debug;
    return true;
  }
  bool roll_back() override {
    --svn_;
    return true;
  }
  void denied_by(attest::Trust& trust) const override { trust.dice.deny(device_.public_key().spki_sha256()); }
  [[nodiscard]] policy::ProductPolicy policy() const override {
    auto out = policy_of(RootKind::dice);
    out.evidence.reference_values = {
        {.environment = attest::dice_environment("ACME", "Pump"), .component = "layer 2", .svn_min = kSvn}};
    return out;
  }

 private:
  [[nodiscard]] Bytes device_certificate() const {
    auto out = certificate(common_name("DICE CA"), common_name("device"), device_);
    out.extensions = {basic_constraints(true), key_usage(kCertSigns), subject_key_id(key_id(device_)),
                      authority_key_id(key_id(ca_))};
    return out.signed_by(ca_);
  }
  [[nodiscard]] Bytes layer() const {
    auto out = certificate(common_name("device"), common_name("layer"), layer_);
    out.extensions = {basic_constraints(true), key_usage(kCertSigns), subject_key_id(key_id(layer_)),
                      authority_key_id(key_id(device_)), measured(1)};
    return out.signed_by(device_);
  }
  [[nodiscard]] Bytes leaf_certificate(const crypto::PrivateKey& leaf) const {
    auto out = certificate(common_name("layer"), common_name("leaf"), leaf);
    out.extensions = {key_usage(kSigns), authority_key_id(key_id(layer_)), measured(2)};
    return out.signed_by(layer_);
  }
  [[nodiscard]] MadeExtension measured(std::uint64_t layer) const {
    const dice::TcbInfo info{.vendor = "ACME",
                             .model = "Pump",
                             .svn = svn_,
                             .layer = layer,
                             .fwids = {{to_bytes(oids::sha256), Bytes(32, static_cast<std::uint8_t>(layer))}},
                             .flags = flags_,
                             .flags_mask = dice::flag::not_configured | dice::flag::not_secure | dice::flag::debug};
    return {to_bytes(oids::dice_tcb_info), true, dice::write(info)};
  }

  static constexpr std::uint64_t kSvn = 3;

  crypto::PrivateKey ca_ = new_key(), device_ = new_key(), layer_ = new_key(), alias_ = new_key();
  std::uint32_t flags_ = 0;
  std::uint64_t svn_ = kSvn;
};

/// What both forms of a secure element have in common: it says nothing of the device around it.
class Element : public PaperHardware {
 public:
  [[nodiscard]] RootKind kind() const override { return RootKind::se; }
  [[nodiscard]] Bytes public_identity() const override {
    return lifecycle::secure_element_identity(vendor_.public_key().spki(), chip_id());
  }
  [[nodiscard]] const crypto::PrivateKey& statement_key() const override { return birth_key(); }
  bool open_debug() override { return false; }
  [[nodiscard]] policy::ProductPolicy policy() const override { return policy_of(RootKind::se); }

 protected:
  [[nodiscard]] virtual Bytes chip_id() const = 0;

  crypto::PrivateKey vendor_ = new_key();
};

class AttestedElement final : public Element {
 public:
  [[nodiscard]] const crypto::PrivateKey& birth_key() const override { return slot_; }
  crypto::PrivateKey make_key() override { return new_key(); }
  [[nodiscard]] Bytes bundle(const crypto::PrivateKey& key, const Digest& fresh) const override {
    auto chip = certificate(common_name("Element root"), common_name("Chip"), chip_);
    chip.extensions = {basic_constraints(true, 0), key_usage(kCertSigns)};
    auto slot = certificate(common_name("Chip"), common_name("Slot 9a"), key);
    slot.extensions = {{to_bytes(kChipFirmware), false, {5, 4, 3}},
                       {to_bytes(kChipSerial), false, element(der::tag::integer, chip_id())}};
    const auto slot_der = slot.signed_by(chip_), chip_der = chip.signed_by(vendor_);
    const auto signature = must(key.sign(fresh.get()));
    return bundle_of(pki::arc::element_evidence,
                     hardware_answer::write(hardware_answer::Element{{slot_der, chip_der}, signature}));
  }
  void deliver_to(attest::Trust& trust) const override {
    auto root = certificate(common_name("Element root"), common_name("Element root"), vendor_);
    root.extensions = {basic_constraints(true), key_usage(kCertSigns)};
    must(trust.elements.add_root(root.signed_by(vendor_), std::string{kVendor}, AnchorClass::simulated));
  }
  void denied_by(attest::Trust& trust) const override { trust.elements.deny(chip_.public_key().spki_sha256()); }

 protected:
  [[nodiscard]] Bytes chip_id() const override {
    const auto id = key_id(chip_);
    return {0x2F, id[0], id[1], id[2]};  // a number, of four octets at most
  }

 private:
  crypto::PrivateKey chip_ = new_key(), slot_ = new_key();
};

/// Its keys are those that its maker listed: a new one is the next slot's.
class ListedElement final : public Element {
 public:
  [[nodiscard]] const crypto::PrivateKey& birth_key() const override { return slots_.front(); }
  crypto::PrivateKey make_key() override { return must(crypto::PrivateKey::from_pem(pem_.at(++used_))); }
  [[nodiscard]] Bytes bundle(const crypto::PrivateKey& key, const Digest& fresh) const override {
    const auto signature = must(key.sign(fresh.get()));
    const auto id = chip_id();
    return bundle_of(pki::arc::listed_evidence, hardware_answer::write(hardware_answer::Listed{id, signature}));
  }
  void deliver_to(attest::Trust& trust) const override {
    const auto signer = signer_certificate();
    const auto pinned = must(attest::ManifestSigner::pin(signer, std::string{kVendor}, AnchorClass::simulated));
    must(trust.manifests.add(std::make_shared<const attest::ComponentManifest>(
        must(attest::read_chip_manifest(manifest(signer), pinned, from_ms(1'767'225'600'000))))));
  }
  void denied_by(attest::Trust& trust) const override { trust.manifests = {}; }

 protected:
  [[nodiscard]] Bytes chip_id() const override { return to_bytes(BytesView{key_id(vendor_)}.first(9)); }

 private:
  static constexpr std::size_t kSlots = 6;

  [[nodiscard]] Bytes signer_certificate() const {
    auto out = certificate(common_name("Log signer"), common_name("Log signer"), vendor_);
    out.extensions = {key_usage(kSigns), subject_key_id(key_id(vendor_))};
    return out.signed_by(vendor_);
  }
  [[nodiscard]] std::string manifest(BytesView signer) const {
    std::string keys;
    for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
      const auto point = slots_[slot].public_key().point();
      keys += (slot == 0 ? "" : ",") + std::string{R"({"kid":")"} + std::to_string(slot) +
              R"(","kty":"EC","crv":"P-256","x":")" + base64::encode_url(point.subspan(1, 32)) + R"(","y":")" +
              base64::encode_url(point.subspan(33)) + "\"}";
    }
    const auto id = to_hex(chip_id());
    const auto payload =
        R"({"partNumber":"ATECC608A-TNGTLS","uniqueId":")" + id + R"(","publicKeySet":{"keys":[)" + keys + "]}}";
    const auto header = R"({"typ":"JWT","alg":"ES256","kid":")" + base64::encode_url(key_id(vendor_)) +
                        R"(","x5t#S256":")" + base64::encode_url(crypto::sha256(signer).get()) + "\"}";
    const auto input = jws::signing_input(header, as_bytes(payload));
    const auto signature = must(crypto::ecdsa_der_to_raw(crypto::KeyType::p256, must(vendor_.sign(as_bytes(input)))));
    return "[" + jws::write_flattened(input, signature, boost::json::object{{"uniqueId", id}}) + "]";
  }

  std::vector<crypto::PrivateKey> slots_ = [] {
    std::vector<crypto::PrivateKey> out;
    std::generate_n(std::back_inserter(out), kSlots, new_key);
    return out;
  }();
  std::vector<std::string> pem_ = [this] {
    std::vector<std::string> out;
    for (const auto& slot : slots_) {
      out.emplace_back(must(slot.to_pem()));
    }
    return out;
  }();
  std::size_t used_ = 0;
};

}  // namespace

std::string_view name(PaperKind kind) {
  switch (kind) {
    case PaperKind::psa:
      return "psa";
    case PaperKind::dice:
      return "dice";
    case PaperKind::attested_element:
      return "attested_element";
    case PaperKind::listed_element:
      return "listed_element";
  }
  return "unknown";
}

std::unique_ptr<PaperHardware> paper_hardware(PaperKind kind) {
  switch (kind) {
    case PaperKind::psa:
      return std::make_unique<Psa>();
    case PaperKind::dice:
      return std::make_unique<Dice>();
    case PaperKind::attested_element:
      return std::make_unique<AttestedElement>();
    case PaperKind::listed_element:
      return std::make_unique<ListedElement>();
  }
  return nullptr;
}

}  // namespace birthmark::test
