// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "agent/emulated/simulated_certificate.h"
#include "agent/link/fields.h"
#include "codec/cbor.h"
#include "codec/der.h"
#include "codec/dice.h"
#include "codec/hardware_answer.h"
#include "codec/oid.h"
#include "codec/pem.h"
#include "codec/x509.h"
#include "crypto/hash.h"
#include "fleet/emulated_device.h"

namespace birthmark::fleet {
namespace {

using namespace emulated;

constexpr const char* kFile = "dice.cbor";
constexpr std::size_t kCertificateBytesMax = 4096;
constexpr std::size_t kSecretBytes = 32;
constexpr std::uint32_t kReported = dice::flag::not_configured | dice::flag::not_secure | dice::flag::debug;

/// The compound device identifier of what runs above a secret: it changes with what was measured.
Secret compound(const Secret& below, const Digest& measured) {
  return Secret{to_bytes(crypto::hmac_sha256(below.reveal(), {as_bytes("birthmark emulated cdi"), measured.get()}))};
}

/// RFC 5915 in PKCS#8, the private half alone: the library computes the point.
std::string pkcs8_of(BytesView scalar) {
  der::Writer inner;
  inner.open(der::tag::sequence).unsigned_int(1).octet_string(scalar).close();
  const auto private_key = std::move(inner).finish();
  der::Writer out;
  out.open(der::tag::sequence).unsigned_int(0);
  out.open(der::tag::sequence).oid(oids::ec_public_key).oid(oids::secp256r1).close();
  out.octet_string(private_key).close();
  return pem::write("PRIVATE KEY", std::move(out).finish());
}

/// The P-256 key that belongs to a secret; a scalar out of range, one of four milliards, is passed over.
Result<crypto::PrivateKey> derive(const Secret& secret, std::string_view what) {
  constexpr std::uint8_t kAttempts = 4;
  for (std::uint8_t i = 0; i < kAttempts; ++i) {
    const std::array counter{i};
    auto key = crypto::PrivateKey::from_pem(pkcs8_of(crypto::hmac_sha256(secret.reveal(), {as_bytes(what), counter})));
    if (key) {
      return key;
    }
  }
  return fail(Code::unavailable, "no key can be derived");
}

/// What a part is born with: members 1 and 2 of the file.
struct Silicon {
  Secret uds;
  Bytes certificate;  ///< of the device key
};

Result<crypto::PrivateKey> device_key(const Secret& uds) {
  return derive(uds, "birthmark emulated device key");
}

Result<Silicon> read_silicon(BytesView file) {
  BM_TRY(auto in, link::Fields::open(file));
  BM_TRY(auto uds, in.bytes(1, kSecretBytes));
  BM_TRY(auto certificate, in.bytes(2, kCertificateBytesMax));
  BM_CHECK(in.finish());
  return Silicon{Secret{std::move(uds)}, std::move(certificate)};
}

std::string serial_of(const crypto::PublicKey& key) {
  return to_hex(BytesView{key.spki_sha256().get()}.first(16));
}

Result<Bytes> make_silicon(const Birth& birth) {
  Bytes random(kSecretBytes);
  birth.entropy.fill(random);
  const Secret uds{std::move(random)};
  BM_TRY(const auto key, device_key(uds));
  BM_TRY(const auto certificate,
         birth.vendor.certify_issuing_key(key.public_key(), "DICE device", serial_of(key.public_key()), birth.now));
  cbor::Writer out;
  out.map(2).unsigned_int(1).bytes(uds.reveal()).unsigned_int(2).bytes(certificate);
  return out.finish();
}

class DiceDevice final : public EmulatedDevice {
 public:
  struct Layers {
    crypto::PrivateKey device, boot_loader, application;
    Bytes device_certificate, boot_loader_certificate;
    Instant born;
  };
  DiceDevice(Layers layers, OwnerKeys keys, const EmulatedFirmware& firmware)
      : EmulatedDevice{std::move(keys), firmware}, layers_{std::move(layers)} {}

  /// Runs the layers up to the application.
  static Result<Layers> boot(Silicon silicon, const EmulatedFirmware& firmware) {
    BM_TRY(auto device, device_key(silicon.uds));
    const auto first = compound(silicon.uds, firmware.boot_loader);
    BM_TRY(auto boot_loader, derive(first, "birthmark emulated layer key"));
    const auto second = compound(first, firmware.application);
    BM_TRY(auto application, derive(second, "birthmark emulated layer key"));
    BM_TRY(const auto certificate, x509::Certificate::read(silicon.certificate));
    auto tcb = tcb_of(1, firmware.boot_loader, firmware);
    tcb.vendor = kDiceVendor;
    tcb.model = kDiceModel;
    BM_TRY(auto boot_certificate, certify(signer_of(device), {to_bytes(certificate.subject()),
                                                              layer_name("DICE layer 1", boot_loader),
                                                              certificate.not_before(),
                                                              boot_loader.public_key(),
                                                              {ca_constraints(0),
                                                               key_usage(kKeyCertSign),
                                                               subject_key_id(boot_loader.public_key()),
                                                               authority_key_id(device.public_key()),
                                                               {oids::dice_tcb_info, true, dice::write(tcb)}}}));
    return Layers{std::move(device),           std::move(boot_loader),
                  std::move(application),      std::move(silicon.certificate),
                  std::move(boot_certificate), certificate.not_before()};
  }

  [[nodiscard]] std::string_view kind() const override { return "dice"; }
  [[nodiscard]] const crypto::PrivateKey& root_key() const override { return layers_.device; }

 protected:
  /// At birth the device key itself is certified.
  [[nodiscard]] const crypto::PrivateKey& idevid_key() const override { return layers_.device; }

  /// The chain that ends in the owner's key, or in the application's where the device key is what is proved.
  Result<Bytes> attest(Key which, const crypto::PrivateKey& proved, const Digest& freshness) override {
    const bool of_device = which == Key::idevid || which == Key::root;
    const auto& leaf = of_device ? layers_.application : proved;
    BM_TRY(const auto certificate, certify_leaf(leaf.public_key(), freshness));
    BM_TRY(const auto signature, leaf.sign(freshness.get()));
    return hardware_answer::write(
        hardware_answer::Dice{layers_.device_certificate, {layers_.boot_loader_certificate, certificate}, signature});
  }

 private:
  static Bytes layer_name(std::string_view name, const crypto::PrivateKey& key) {
    return simulated_name(name, serial_of(key.public_key()));
  }
  static dice::TcbInfo tcb_of(std::uint64_t layer, const Digest& measured, const EmulatedFirmware& firmware) {
    return {.version = firmware.version,
            .svn = firmware.svn,
            .layer = layer,
            .fwids = {{to_bytes(oids::sha256), to_bytes(measured.get())}},
            .flags = firmware.debug ? dice::flag::debug : 0,
            .flags_mask = kReported};
  }
  /// Made for one freshness value, and good for that one.
  [[nodiscard]] Result<Bytes> certify_leaf(const crypto::PublicKey& key, const Digest& freshness) const {
    return certify(signer_of(layers_.boot_loader),
                   {layer_name("DICE layer 1", layers_.boot_loader),
                    simulated_name("DICE layer 2", serial_of(key)),
                    layers_.born,
                    key,
                    {key_usage(kDigitalSignature),
                     authority_key_id(layers_.boot_loader.public_key()),
                     {oids::dice_tcb_info, true, dice::write(tcb_of(2, firmware().application, firmware()))},
                     {oids::dice_tcb_freshness, false, dice::write_freshness(freshness.get())}}});
  }

  Layers layers_;
};

}  // namespace

Result<std::unique_ptr<EmulatedDevice>> open_dice_device(Files& files, const std::filesystem::path& directory,
                                                         const EmulatedFirmware& firmware, const Birth& birth) {
  BM_TRY(const auto file, kept_or_made(files, directory, kFile, [&] { return make_silicon(birth); }));
  auto silicon = read_silicon(file);
  auto layers = silicon ? DiceDevice::boot(std::move(*silicon), firmware)
                        : Result<DiceDevice::Layers>{fail(std::move(silicon).error())};
  if (!layers) {
    return fail(Code::storage, (directory / kFile).string() + " is damaged: " + layers.error().detail);
  }
  BM_TRY(auto keys, OwnerKeys::open(files, directory));
  return std::unique_ptr<EmulatedDevice>{std::make_unique<DiceDevice>(std::move(*layers), std::move(keys), firmware)};
}

}  // namespace birthmark::fleet
