// SPDX-License-Identifier: Apache-2.0
#include "agent/tpm_nv.h"

#include <algorithm>

#include "agent/tpm_bytes.h"
#include "codec/der.h"

namespace birthmark::agent::tss {
namespace {

constexpr std::size_t kIndexBytesMax = 8 * 1024;
constexpr std::size_t kChainBytesMax = 32 * 1024;
constexpr std::size_t kChainLengthMax = 8;

constexpr TPMA_NV kCertificateAttributes = TPMA_NV_PPWRITE | TPMA_NV_WRITEDEFINE | TPMA_NV_PPREAD | TPMA_NV_OWNERREAD |
                                           TPMA_NV_AUTHREAD | TPMA_NV_NO_DA | TPMA_NV_PLATFORMCREATE;

/// How much one NV command carries.
Result<std::size_t> chunk_bytes(Context& context) {
  BM_TRY(const auto reported, context.property(TPM2_PT_NV_BUFFER_MAX));
  if (reported == 0) {
    return fail(Code::unavailable, "the TPM reports an NV buffer of no bytes");
  }
  return std::min<std::size_t>(reported, sizeof(TPM2B_MAX_NV_BUFFER::buffer));
}

/// A reader over the first certificate; der::Reader fails on zeros and on what is cut.
Result<BytesView> one_certificate(BytesView content) {
  der::Reader reader{content};
  const auto element = reader.any();
  if (!element || element->tag != der::tag::sequence) {
    return fail(Code::bad_evidence, "the index holds no certificate");
  }
  return element->whole;
}

}  // namespace

Result<Bytes> nv_read(Context& context, TPM2_HANDLE index) {
  BM_TRY(const bool there, context.exists(index));
  if (!there) {
    return fail(Code::not_found, "no such NV index");
  }
  BM_TRY(const auto handle, bind(context, index));
  Esys<TPM2B_NV_PUBLIC> info;
  BM_CHECK(check(
      Esys_NV_ReadPublic(context.get(), handle.tr(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, out(info), nullptr),
      "TPM2_NV_ReadPublic"));
  const std::size_t size = info->nvPublic.dataSize;
  if (size > kIndexBytesMax) {
    return fail(Code::bad_evidence, "NV index larger than 8 KiB");
  }
  const ESYS_TR reader = (info->nvPublic.attributes & TPMA_NV_AUTHREAD) != 0 ? handle.tr() : ESYS_TR_RH_OWNER;
  BM_TRY(const auto chunk, chunk_bytes(context));
  Bytes content;
  while (content.size() < size) {
    const auto wanted = std::min(chunk, size - content.size());
    Esys<TPM2B_MAX_NV_BUFFER> part;
    BM_CHECK(check(Esys_NV_Read(context.get(), reader, handle.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                static_cast<UINT16>(wanted), static_cast<UINT16>(content.size()), out(part)),
                   "TPM2_NV_Read"));
    if (part->size == 0) {
      return fail(Code::unavailable, "TPM2_NV_Read: no progress");
    }
    append(content, {part->buffer, part->size});
  }
  return content;
}

Result<void> nv_write_certificate(Context& context, TPM2_HANDLE index, BytesView content) {
  BM_TRY(const bool there, context.exists(index));
  if (there) {
    return fail(Code::conflict, "the NV index is already defined");
  }
  const TPM2B_AUTH no_auth{};
  TPM2B_NV_PUBLIC info{};
  info.nvPublic.nvIndex = index;
  info.nvPublic.nameAlg = TPM2_ALG_SHA256;
  info.nvPublic.attributes = kCertificateAttributes;
  info.nvPublic.dataSize = static_cast<UINT16>(content.size());
  ESYS_TR tr = ESYS_TR_NONE;
  BM_CHECK(check(Esys_NV_DefineSpace(context.get(), ESYS_TR_RH_PLATFORM, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                     &no_auth, &info, &tr),
                 "TPM2_NV_DefineSpace"));
  const Handle handle{context, tr, Handle::End::close};
  BM_TRY(const auto chunk, chunk_bytes(context));
  for (std::size_t at = 0; at < content.size(); at += chunk) {
    TPM2B_MAX_NV_BUFFER part{};
    put(part, content.subspan(at, std::min(chunk, content.size() - at)));
    BM_CHECK(check(Esys_NV_Write(context.get(), ESYS_TR_RH_PLATFORM, tr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                 &part, static_cast<UINT16>(at)),
                   "TPM2_NV_Write"));
  }
  return check(Esys_NV_WriteLock(context.get(), ESYS_TR_RH_PLATFORM, tr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE),
               "TPM2_NV_WriteLock");
}

Result<Bytes> first_certificate(BytesView content) {
  BM_TRY(const auto whole, one_certificate(content));
  return to_bytes(whole);
}

Result<std::vector<Bytes>> vendor_chain(Context& context) {
  BM_TRY(const auto indices, context.handles(kEkChainFirst, kEkChainLast));
  Bytes content;
  for (const auto index : indices) {
    if (content.size() > kChainBytesMax) {
      break;
    }
    BM_TRY(const auto part, nv_read(context, index));
    append(content, part);
  }
  std::vector<Bytes> chain;
  BytesView rest = content;
  while (!rest.empty() && chain.size() < kChainLengthMax) {
    const auto whole = one_certificate(rest);
    if (!whole) {
      break;
    }
    chain.push_back(to_bytes(*whole));
    rest = rest.subspan(whole->size());
  }
  return chain;
}

}  // namespace birthmark::agent::tss
