// SPDX-License-Identifier: Apache-2.0
#include "fleet/silicon_vendor.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "codec/algorithm.h"
#include "codec/der.h"
#include "codec/extensions.h"
#include "codec/name.h"
#include "codec/oid.h"
#include "codec/pem.h"
#include "crypto/hash.h"

namespace birthmark::fleet {
namespace {

constexpr std::string_view kOrganization = "birthmark simulated silicon";
constexpr std::string_view kRootName = "birthmark simulated silicon root";
constexpr std::string_view kIntermediateName = "birthmark simulated silicon EK CA 001";
constexpr std::size_t kPemBytesMax = 16 * 1024;
constexpr std::size_t kModelBytesMax = 64;
constexpr std::uint64_t kSpecificationLevel = 0;
constexpr std::uint64_t kSpecificationRevision = 138;  // what libtpms 0.9 implements
constexpr auto kCrlLifetime = std::chrono::days{30};
constexpr auto kCrlNumber = oid<2, 5, 29, 20>;
// KeyUsage, RFC 5280 §4.2.1.3.
constexpr std::uint32_t kKeyEncipherment = 1U << 2, kKeyAgreement = 1U << 4, kKeyCertSign = 1U << 5, kCrlSign = 1U << 6;

using der::Writer;
namespace tag = der::tag;

struct Authority {
  crypto::PrivateKey key;
  Bytes certificate;
};

/// RFC 7093 §2, method 1: the first 160 bits of SHA-256 over the key's bits.
BytesView key_id(const Digest& point_hash) {
  return BytesView{point_hash.get()}.first(20);
}
Digest point_hash(const crypto::PublicKey& key) {
  return crypto::sha256(key.point().empty() ? key.spki() : key.point());
}

Bytes name_of(std::string_view common_name) {
  const std::array parts{x509::NamePart{oids::organization, tag::utf8_string, kOrganization},
                         x509::NamePart{oids::common_name, tag::utf8_string, common_name}};
  return x509::write_name(parts).value();  // constants of ours that the writer accepts
}

/// An extension that owns its value.
struct OwnedExtension {
  BytesView type;
  bool critical;
  Bytes value;
};

Bytes write_extensions(const std::vector<OwnedExtension>& owned) {
  std::vector<x509::Extension> views;
  views.reserve(owned.size());
  for (const auto& one : owned) {
    views.push_back({one.type, one.critical, one.value});
  }
  return x509::write_extensions(views);
}

OwnedExtension key_usage(std::uint32_t bits) {
  Writer out;
  out.named_bits(bits);
  return {oids::key_usage, true, std::move(out).finish()};
}

OwnedExtension authority_key_id(const crypto::PublicKey& issuer) {
  Writer out;
  const auto hash = point_hash(issuer);
  out.open(tag::sequence).primitive(tag::context(0), key_id(hash)).close();
  return {oids::authority_key_identifier, false, std::move(out).finish()};
}

OwnedExtension subject_key_id(const crypto::PublicKey& subject) {
  Writer out;
  out.octet_string(key_id(point_hash(subject)));
  return {oids::subject_key_identifier, false, std::move(out).finish()};
}

OwnedExtension ca_constraints(std::optional<std::uint64_t> path_length) {
  Writer out;
  out.open(tag::sequence).boolean(true);
  if (path_length) {
    out.unsigned_int(*path_length);
  }
  out.close();
  return {oids::basic_constraints, true, std::move(out).finish()};
}

OwnedExtension not_a_ca() {
  Writer out;
  out.open(tag::sequence).close();
  return {oids::basic_constraints, true, std::move(out).finish()};
}

OwnedExtension ek_usage() {
  Writer out;
  out.open(tag::sequence).oid(oids::tcg_ek_certificate).close();
  return {oids::extended_key_usage, false, std::move(out).finish()};
}

/// TCG EK Credential Profile §3.2.9: manufacturer, model and version as a directory name; critical, as the subject is
/// empty.
Result<OwnedExtension> chip_name(const ChipModel& model) {
  const auto manufacturer = "id:" + model.manufacturer;
  const auto version = "id:" + model.firmware_version;
  const std::array parts{x509::NamePart{oids::tcg_manufacturer, tag::utf8_string, manufacturer},
                         x509::NamePart{oids::tcg_model, tag::utf8_string, model.model},
                         x509::NamePart{oids::tcg_version, tag::utf8_string, version}};
  BM_TRY(const auto name, x509::write_name(parts));
  Writer out;
  out.open(tag::sequence).open(tag::context_constructed(4)).raw(name).close().close();
  return OwnedExtension{oids::subject_alt_name, true, std::move(out).finish()};
}

/// TCG EK Credential Profile §3.2.10: which TPM specification the chip follows.
OwnedExtension specification() {
  Writer out;
  out.open(tag::sequence).open(tag::sequence).oid(oids::tcg_tpm_specification).open(tag::set).open(tag::sequence);
  out.text(tag::utf8_string, "2.0").unsigned_int(kSpecificationLevel).unsigned_int(kSpecificationRevision);
  out.close().close().close().close();
  return {oids::subject_directory_attributes, false, std::move(out).finish()};
}

/// 16 octets with the top bit clear and the next one set: positive, and always of the same length.
Bytes serial_for(const crypto::PublicKey& key) {
  const auto hash = crypto::sha256({as_bytes("birthmark simulated silicon serial"), key.spki()});
  auto serial = to_bytes(BytesView{hash.get()}.first(16));
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x3F) | 0x40);
  return serial;
}

struct Fields {
  Bytes issuer;
  Bytes subject;
  Instant not_before;
  const crypto::PublicKey& key;
  std::vector<OwnedExtension> extensions;
};

/// SEQUENCE { to-be-signed, ecdsa-with-SHA256, signature }.
Result<Bytes> sign(const crypto::PrivateKey& key, BytesView tbs) {
  BM_TRY(const auto signature, key.sign(tbs));
  Writer out;
  out.open(tag::sequence).raw(tbs).raw(x509::signature_algorithm_der(x509::SignatureAlgorithm::ecdsa_sha256));
  out.bit_string(signature).close();
  return std::move(out).finish();
}

/// A v3 certificate without an end (RFC 5280 §4.1.2.5).
Result<Bytes> certify(const crypto::PrivateKey& issuer_key, const Fields& fields) {
  Writer out;
  out.open(tag::sequence);
  out.open(tag::context_constructed(0)).unsigned_int(2).close();
  out.positive_integer(serial_for(fields.key));
  out.raw(x509::signature_algorithm_der(x509::SignatureAlgorithm::ecdsa_sha256));
  out.raw(fields.issuer);
  out.open(tag::sequence).time(fields.not_before).time(kNoEnd).close();
  out.raw(fields.subject).raw(fields.key.spki());
  out.open(tag::context_constructed(3)).raw(write_extensions(fields.extensions)).close();
  out.close();
  return sign(issuer_key, std::move(out).finish());
}

bool eight_hex_digits(std::string_view text) {
  return text.size() == 8 && from_hex(text).has_value();
}

Result<void> write_authority(Files& files, const std::filesystem::path& stem, const Authority& authority) {
  BM_TRY(const auto key, authority.key.to_pem());
  BM_CHECK(write_atomically(files, std::filesystem::path{stem}.replace_extension(".key"), as_bytes(key)));
  const auto certificate = pem::write("CERTIFICATE", authority.certificate);
  return write_atomically(files, std::filesystem::path{stem}.replace_extension(".pem"), as_bytes(certificate),
                          Visibility::everyone);
}

Result<Authority> read_authority(Files& files, const std::filesystem::path& stem) {
  BM_TRY(const auto key_pem, files.read(std::filesystem::path{stem}.replace_extension(".key"), kPemBytesMax));
  BM_TRY(auto key, crypto::PrivateKey::from_pem(as_text(key_pem)));
  BM_TRY(const auto text, files.read(std::filesystem::path{stem}.replace_extension(".pem"), kPemBytesMax));
  BM_TRY(auto certificates, pem::read(as_text(text), "CERTIFICATE"));
  return Authority{std::move(key), std::move(certificates.front())};
}

}  // namespace

struct SiliconVendor::Impl {
  Authority root;
  Authority intermediate;
};

SiliconVendor::SiliconVendor(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
SiliconVendor::SiliconVendor(SiliconVendor&&) noexcept = default;
SiliconVendor& SiliconVendor::operator=(SiliconVendor&&) noexcept = default;
SiliconVendor::~SiliconVendor() = default;

Result<SiliconVendor> SiliconVendor::create(Instant now) {
  BM_TRY(auto root_key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  BM_TRY(auto intermediate_key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  const auto& root_public = root_key.public_key();
  const auto& intermediate_public = intermediate_key.public_key();
  const auto ca_usage = key_usage(kKeyCertSign | kCrlSign);
  const Fields root{name_of(kRootName),
                    name_of(kRootName),
                    now,
                    root_public,
                    {ca_constraints({}), ca_usage, subject_key_id(root_public)}};
  BM_TRY(auto root_certificate, certify(root_key, root));
  const Fields intermediate{
      name_of(kRootName),
      name_of(kIntermediateName),
      now,
      intermediate_public,
      {ca_constraints(0), ca_usage, subject_key_id(intermediate_public), authority_key_id(root_public)}};
  BM_TRY(auto intermediate_certificate, certify(root_key, intermediate));
  return SiliconVendor{
      std::make_unique<Impl>(Impl{{std::move(root_key), std::move(root_certificate)},
                                  {std::move(intermediate_key), std::move(intermediate_certificate)}})};
}

Result<SiliconVendor> SiliconVendor::load(Files& files, const std::filesystem::path& directory) {
  BM_TRY(auto root, read_authority(files, directory / "root"));
  BM_TRY(auto intermediate, read_authority(files, directory / "intermediate"));
  return SiliconVendor{std::make_unique<Impl>(Impl{std::move(root), std::move(intermediate)})};
}

Result<void> SiliconVendor::save(Files& files, const std::filesystem::path& directory) const {
  BM_CHECK(files.make_directory(directory));
  BM_CHECK(write_authority(files, directory / "root", impl_->root));
  return write_authority(files, directory / "intermediate", impl_->intermediate);
}

BytesView SiliconVendor::root_certificate() const {
  return impl_->root.certificate;
}

BytesView SiliconVendor::intermediate_certificate() const {
  return impl_->intermediate.certificate;
}

Result<Bytes> SiliconVendor::issue_endorsement(const crypto::PublicKey& ek, const ChipModel& model, Instant now) const {
  if (!eight_hex_digits(model.manufacturer) || !eight_hex_digits(model.firmware_version) || model.model.empty() ||
      model.model.size() > kModelBytesMax) {
    return fail(Code::bad_request, "chip model: eight hex digits, 1 to 64 bytes, eight hex digits");
  }
  BM_TRY(auto name, chip_name(model));
  const bool rsa = ek.type() == crypto::KeyType::rsa;
  Writer empty_subject;
  empty_subject.open(tag::sequence).close();
  const Fields fields{name_of(kIntermediateName),
                      std::move(empty_subject).finish(),
                      now,
                      ek,
                      {not_a_ca(), key_usage(rsa ? kKeyEncipherment : kKeyAgreement), ek_usage(), std::move(name),
                       specification(), authority_key_id(impl_->intermediate.key.public_key())}};
  return certify(impl_->intermediate.key, fields);
}

Bytes SiliconVendor::serial_of(const crypto::PublicKey& ek) const {
  return serial_for(ek);
}

Result<Bytes> SiliconVendor::issue_crl(std::span<const crypto::PublicKey> revoked, std::uint64_t number,
                                       Instant now) const {
  Writer number_value;
  number_value.unsigned_int(number);
  Writer out;
  out.open(tag::sequence).unsigned_int(1);
  out.raw(x509::signature_algorithm_der(x509::SignatureAlgorithm::ecdsa_sha256)).raw(name_of(kIntermediateName));
  out.time(now).time(now + kCrlLifetime);
  if (!revoked.empty()) {  // absent, never empty (RFC 5280 §5.1.2.6)
    out.open(tag::sequence);
    for (const auto& key : revoked) {
      out.open(tag::sequence).positive_integer(serial_for(key)).time(now).close();
    }
    out.close();
  }
  out.open(tag::context_constructed(0));
  out.raw(write_extensions(
      {authority_key_id(impl_->intermediate.key.public_key()), {kCrlNumber, false, std::move(number_value).finish()}}));
  out.close().close();
  return sign(impl_->intermediate.key, std::move(out).finish());
}

}  // namespace birthmark::fleet
