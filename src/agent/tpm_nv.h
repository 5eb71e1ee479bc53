// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "agent/tpm_context.h"

namespace birthmark::agent::tss {

/// NV indices of TCG EK Credential Profile §2.2.1.4 that hold certificates.
inline constexpr TPM2_HANDLE kEkRsaCertificate = 0x01C00002;
inline constexpr TPM2_HANDLE kEkP256Certificate = 0x01C0000A;
inline constexpr TPM2_HANDLE kEkChainFirst = 0x01C00100;
inline constexpr TPM2_HANDLE kEkChainLast = 0x01C001FF;

/// The content of an NV index, at most 8 KiB. @error not_found: no such index. @error bad_evidence: larger than that.
Result<Bytes> nv_read(Context& context, TPM2_HANDLE index);

/// Defines an index with the attributes that silicon vendors give to endorsement certificates, writes it by the
/// platform's authorization and locks it against further writes.
/// @error conflict: the index exists. @error unavailable
Result<void> nv_write_certificate(Context& context, TPM2_HANDLE index, BytesView content);

/// The first DER certificate in padded content. @error bad_evidence: none.
Result<Bytes> first_certificate(BytesView content);

/// Every certificate of the vendor's chain indices, at most eight of 4 KiB; one may lie across two indices.
/// What is not DER ends the list: these are hints. @error unavailable
Result<std::vector<Bytes>> vendor_chain(Context& context);

}  // namespace birthmark::agent::tss
