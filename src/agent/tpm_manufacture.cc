// SPDX-License-Identifier: Apache-2.0
#include "agent/tpm_manufacture.h"

#include <utility>

#include "agent/tpm_context.h"
#include "agent/tpm_keys.h"
#include "agent/tpm_nv.h"

namespace birthmark::agent {
namespace {

constexpr std::size_t kContentBytesMax = 2048;
constexpr std::uint8_t kPcrCount = 24;
static_assert(kNvEkP256Certificate == tss::kEkP256Certificate && kNvEkChain == tss::kEkChainFirst);

}  // namespace

struct TpmManufacture::Impl {
  std::unique_ptr<tss::Context> context;
};

TpmManufacture::TpmManufacture(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
TpmManufacture::TpmManufacture(TpmManufacture&&) noexcept = default;
TpmManufacture& TpmManufacture::operator=(TpmManufacture&&) noexcept = default;
TpmManufacture::~TpmManufacture() = default;

Result<TpmManufacture> TpmManufacture::open(const std::string& tcti) {
  BM_TRY(auto context, tss::Context::open(tcti));
  return TpmManufacture{std::make_unique<Impl>(Impl{std::move(context)})};
}

Result<crypto::PublicKey> TpmManufacture::endorsement_key() {
  BM_TRY(const auto made,
         tss::create_primary(*impl_->context, ESYS_TR_RH_ENDORSEMENT, tpm::make(tpm::Template::ek_p256_low)));
  BM_TRY(const auto area, tpm::read_public(made.object.area));
  if (area.ecc() == nullptr) {
    return fail(Code::unavailable, "the TPM made another key than the template says");
  }
  BM_TRY(const auto point, tpm::uncompressed_point(*area.ecc()));
  const BytesView coordinates = BytesView{point}.subspan(1);
  return crypto::PublicKey::from_point(crypto::KeyType::p256, coordinates.first(32), coordinates.last(32));
}

Result<void> TpmManufacture::store_certificate(std::uint32_t nv_index, BytesView content) {
  if (content.empty() || content.size() > kContentBytesMax) {
    return fail(Code::bad_request, "an NV index takes 1 to 2,048 bytes");
  }
  return tss::nv_write_certificate(*impl_->context, nv_index, content);
}

Result<void> TpmManufacture::extend_pcr(std::uint8_t pcr, const Digest& measurement) {
  if (pcr >= kPcrCount) {
    return fail(Code::bad_request, "no such PCR");
  }
  TPML_DIGEST_VALUES values{};
  values.count = 1;
  values.digests[0].hashAlg = TPM2_ALG_SHA256;
  std::ranges::copy(measurement.get(), values.digests[0].digest.sha256);
  return tss::check(
      Esys_PCR_Extend(impl_->context->get(), ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &values),
      "TPM2_PCR_Extend");
}

Result<void> TpmManufacture::shut_down() {
  return tss::check(Esys_Shutdown(impl_->context->get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_SU_CLEAR),
                    "TPM2_Shutdown");
}

}  // namespace birthmark::agent
