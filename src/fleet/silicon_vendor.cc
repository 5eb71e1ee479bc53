// SPDX-License-Identifier: Apache-2.0
#include "fleet/silicon_vendor.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/emulated/simulated_certificate.h"
#include "codec/algorithm.h"
#include "codec/der.h"
#include "codec/extensions.h"
#include "codec/name.h"
#include "codec/oid.h"
#include "fleet/simulated_authority.h"

namespace birthmark::fleet {
namespace {

constexpr std::string_view kRootName = "birthmark simulated silicon root";
constexpr std::string_view kIntermediateName = "birthmark simulated silicon EK CA 001";
constexpr std::size_t kModelBytesMax = 64;
constexpr std::uint64_t kSpecificationLevel = 0;
constexpr std::uint64_t kSpecificationRevision = 138;  // what libtpms 0.9 implements
constexpr auto kCrlLifetime = std::chrono::days{30};
constexpr auto kCrlNumber = oid<2, 5, 29, 20>;

using namespace emulated;
using der::Writer;
namespace tag = der::tag;

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

bool eight_hex_digits(std::string_view text) {
  return text.size() == 8 && from_hex(text).has_value();
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
  const CertificateFields root{simulated_name(kRootName),
                               simulated_name(kRootName),
                               now,
                               root_public,
                               {ca_constraints({}), ca_usage, subject_key_id(root_public)}};
  BM_TRY(auto root_certificate, certify(signer_of(root_key), root));
  const CertificateFields intermediate{
      simulated_name(kRootName),
      simulated_name(kIntermediateName),
      now,
      intermediate_public,
      {ca_constraints(0), ca_usage, subject_key_id(intermediate_public), authority_key_id(root_public)}};
  BM_TRY(auto intermediate_certificate, certify(signer_of(root_key), intermediate));
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
  const CertificateFields fields{
      simulated_name(kIntermediateName),
      std::move(empty_subject).finish(),
      now,
      ek,
      {not_a_ca(), key_usage(rsa ? kKeyEncipherment : kKeyAgreement), ek_usage(), std::move(name), specification(),
       authority_key_id(impl_->intermediate.key.public_key())}};
  return certify(signer_of(impl_->intermediate.key), fields);
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
  out.raw(x509::signature_algorithm_der(x509::SignatureAlgorithm::ecdsa_sha256)).raw(simulated_name(kIntermediateName));
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
  return signed_by(signer_of(impl_->intermediate.key), std::move(out).finish());
}

}  // namespace birthmark::fleet
