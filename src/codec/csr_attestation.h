// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/oid.h"
#include "codec/pkcs10.h"

/// Evidence inside a certification request: draft-ietf-lamps-csr-attestation, its ASN.1 module of 2025. It is a draft,
/// so everything that knows its syntax stands here. Syntax only; what a statement proves is for src/attest.
namespace birthmark::csr_attestation {

inline constexpr std::size_t kStatementsMax = 8;
inline constexpr std::size_t kCertificatesMax = 8;
inline constexpr std::size_t kPartMaxBytes = std::size_t{16} * 1024;  ///< of an OCTET STRING inside a statement

/// id-aa-attestation: the attribute of a request.
inline constexpr auto kAttribute = oid<1, 2, 840, 113549, 1, 9, 16, 2, 59>;

/// Types of statements that others define.
inline constexpr auto kTpmCertify = oid<2, 23, 133, 20, 1>;  ///< a placeholder of the sample data, not yet assigned
inline constexpr auto kDiceTcbInfo = oid<2, 23, 133, 5, 4, 1>;
inline constexpr auto kDiceCmw = oid<2, 23, 133, 5, 4, 9>;
inline constexpr auto kPeCmw = oid<1, 3, 6, 1, 5, 5, 7, 1, 35>;

/// AttestationStatement; aliases what it was read from.
struct Statement {
  BytesView type;   ///< contents of the OID
  BytesView value;  ///< the whole element; another format than DER stands in an OCTET STRING
};

/// AttestationBundle; aliases what it was read from.
struct Bundle {
  std::vector<Statement> statements;    ///< 1..kStatementsMax
  std::vector<BytesView> certificates;  ///< at most kCertificatesMax, whole: hints in no order, never anchors
  std::size_t other_certificates = 0;   ///< of the form [3]: not looked into, and of no use here
};

/// Reads one AttestationBundle. A statement has its type and its value and nothing else: older drafts had a hint behind
/// them, which made a claim that nobody signed.
/// @param whole the SEQUENCE with its header. @error bad_request: any other form, or past a limit
Result<Bundle> read(BytesView whole);

/// Writes one, certificates without the other form. @error bad_request: `read` would not take it
Result<Bytes> write(const Bundle& bundle);

/// The bundle of a request, or nothing if it has no such attribute; aliases the request. That the attribute stands
/// there once and has one value, `pkcs10::Request` has seen to. @error bad_request
Result<std::optional<Bundle>> of(const pkcs10::Request& request);

/// TpmCertify ::= SEQUENCE { tpmSAttest, signature, tpmTPublic OPTIONAL }, all OCTET STRING; aliases the statement.
struct TpmCertify {
  BytesView attest;      ///< TPMS_ATTEST
  BytesView signature;   ///< TPMT_SIGNATURE, or a bare signature: the draft does not say
  BytesView key_public;  ///< TPMT_PUBLIC of the certified key; empty: not there
};
/// @param value of a statement of the type kTpmCertify. @error bad_request
Result<TpmCertify> read_tpm_certify(BytesView value);
Bytes write(const TpmCertify& statement);

/// What TPM2_Certify leaves out, in a type of our own: who the TPM is. Aliases the statement.
///
/// TpmIdentity ::= SEQUENCE { ekCertificate, ekPublic, akPublic: OCTET STRING,
///                            parentPublic [0] IMPLICIT OCTET STRING OPTIONAL,
///                            creationData [1] IMPLICIT OCTET STRING OPTIONAL }
struct TpmIdentity {
  BytesView ek_certificate;  ///< DER
  BytesView ek_public;       ///< TPMT_PUBLIC, as the next two
  BytesView ak_public;
  BytesView parent_public;  ///< of the certified key's parent; empty: a primary of the endorsement hierarchy
  BytesView creation_data;  ///< TPMS_CREATION_DATA; empty: the statement is of certify
};
/// @param value of a statement of birthmark's type (docs/wire/evidence.md). @error bad_request
Result<TpmIdentity> read_tpm_identity(BytesView value);
Bytes write(const TpmIdentity& identity);

}  // namespace birthmark::csr_attestation
