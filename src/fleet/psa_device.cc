// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "agent/link/fields.h"
#include "codec/cbor.h"
#include "codec/psa_token.h"
#include "crypto/cose_signature.h"
#include "crypto/hash.h"
#include "fleet/emulated_device.h"

namespace birthmark::fleet {
namespace {

constexpr const char* kFile = "psa.cbor";
constexpr std::size_t kPemBytesMax = 4096, kCertificateBytesMax = 4096;
constexpr std::uint16_t kSecured = 0x3000, kNonSecureDebug = 0x4000;  // RFC 9783 §4.3.1
constexpr std::int32_t kSecureCaller = 1;  // positive: the secure world asked, and vouches for the key

/// What a part is born with. Members of the file, from 1.
struct Secrets {
  crypto::PrivateKey iak;
  crypto::PrivateKey idevid;
  Bytes certificate;  ///< of the IAK
};

Result<Secrets> read_secrets(BytesView file) {
  BM_TRY(auto in, link::Fields::open(file));
  BM_TRY(const auto iak_pem, in.text(1, kPemBytesMax));
  BM_TRY(const auto idevid_pem, in.text(2, kPemBytesMax));
  BM_TRY(auto certificate, in.bytes(3, kCertificateBytesMax));
  BM_CHECK(in.finish());
  BM_TRY(auto iak, crypto::PrivateKey::from_pem(iak_pem));
  BM_TRY(auto idevid, crypto::PrivateKey::from_pem(idevid_pem));
  return Secrets{std::move(iak), std::move(idevid), std::move(certificate)};
}

Result<Bytes> make_secrets(const Birth& birth) {
  BM_TRY(const auto iak, crypto::PrivateKey::generate(crypto::KeyType::p256));
  BM_TRY(const auto idevid, crypto::PrivateKey::generate(crypto::KeyType::p256));
  BM_TRY(const auto certificate, birth.vendor.certify_attestation_key(iak.public_key(), birth.now));
  BM_TRY(const auto iak_pem, iak.to_pem());
  BM_TRY(const auto idevid_pem, idevid.to_pem());
  cbor::Writer out;
  out.map(3).unsigned_int(1).text(iak_pem).unsigned_int(2).text(idevid_pem).unsigned_int(3).bytes(certificate);
  return out.finish();
}

class PsaDevice final : public EmulatedDevice {
 public:
  PsaDevice(Secrets secrets, OwnerKeys keys, const EmulatedFirmware& firmware)
      : EmulatedDevice{std::move(keys), firmware}, secrets_{std::move(secrets)} {}

  [[nodiscard]] std::string_view kind() const override { return "psa"; }
  [[nodiscard]] const crypto::PrivateKey& root_key() const override { return secrets_.iak; }

 protected:
  [[nodiscard]] const crypto::PrivateKey& idevid_key() const override { return secrets_.idevid; }

  /// A token names no key: that the asked-for one is there is all that the secure world adds to its caller's word.
  Result<Bytes> attest(emulated::Key, const crypto::PrivateKey&, const Digest& freshness) override {
    const auto signer = crypto::sha256(as_bytes("birthmark simulated firmware signer"));
    const auto component = [&](const char* type, const Digest& measured) {
      return psa::SoftwareComponent{.type = type,
                                    .measurement = to_bytes(measured.get()),
                                    .version = firmware().version,
                                    .signer_id = to_bytes(signer.get())};
    };
    const psa::Claims claims{
        .nonce = to_bytes(freshness.get()),
        .instance_id = instance_id(),
        .client_id = kSecureCaller,
        .lifecycle = firmware().debug ? kNonSecureDebug : kSecured,
        .implementation_id = psa_implementation_id().get(),
        .components = {component("BL", firmware().boot_loader), component("APP", firmware().application)}};
    return crypto::sign(secrets_.iak, {.x5chain = {secrets_.certificate}, .payload = psa::write(claims)});
  }

 private:
  /// ueid of type RAND: 01 and the hash of the key that it belongs to (RFC 9783 §4.2.1).
  [[nodiscard]] Octets<33> instance_id() const {
    Octets<33> out{0x01};
    std::ranges::copy(secrets_.iak.public_key().spki_sha256().get(), out.begin() + 1);
    return out;
  }

  Secrets secrets_;
};

}  // namespace

Digest psa_implementation_id() {
  return crypto::sha256(as_bytes("birthmark simulated psa implementation 1"));
}

Result<std::unique_ptr<EmulatedDevice>> open_psa_device(Files& files, const std::filesystem::path& directory,
                                                        const EmulatedFirmware& firmware, const Birth& birth) {
  BM_TRY(const auto file, kept_or_made(files, directory, kFile, [&] { return make_secrets(birth); }));
  auto secrets = read_secrets(file);
  if (!secrets) {
    return fail(Code::storage, (directory / kFile).string() + " is damaged: " + secrets.error().detail);
  }
  BM_TRY(auto keys, OwnerKeys::open(files, directory));
  return std::unique_ptr<EmulatedDevice>{std::make_unique<PsaDevice>(std::move(*secrets), std::move(keys), firmware)};
}

}  // namespace birthmark::fleet
