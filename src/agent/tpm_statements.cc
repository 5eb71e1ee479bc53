// SPDX-License-Identifier: Apache-2.0
#include "agent/tpm_statements.h"

#include <algorithm>
#include <functional>

#include "agent/tpm_bytes.h"

namespace birthmark::agent::tss {
namespace {

constexpr std::uint8_t kPcrCount = 24;
constexpr int kQuoteTries = 4;

/// The scheme that is fixed in the key.
constexpr TPMT_SIG_SCHEME kSchemeOfKey{.scheme = TPM2_ALG_NULL, .details = {}};

TPM2B_DATA qualifying(const Digest& freshness) {
  TPM2B_DATA data{};
  put(data, freshness.get());
  return data;
}

Result<Statement> statement(const TPM2B_ATTEST& attest, const TPMT_SIGNATURE& signature) {
  BM_TRY(auto signature_bytes, marshal(Tss2_MU_TPMT_SIGNATURE_Marshal, signature));
  return Statement{to_bytes({attest.attestationData, attest.size}), std::move(signature_bytes)};
}

TPML_PCR_SELECTION selection_of(std::span<const std::uint8_t> pcrs) {
  TPML_PCR_SELECTION selection{};
  selection.count = 1;
  auto& bank = selection.pcrSelections[0];
  bank.hash = TPM2_ALG_SHA256;
  bank.sizeofSelect = 3;
  for (const auto pcr : pcrs) {
    auto& octet = bank.pcrSelect[pcr / 8U];
    octet = static_cast<BYTE>(octet | (1U << (pcr % 8U)));
  }
  return selection;
}

struct PcrValues {
  std::vector<Octets<32>> values;
  UINT32 update_counter = 0;
};

/// Reads the PCRs; one command returns eight at most.
Result<PcrValues> read_pcrs(Context& context, std::span<const std::uint8_t> pcrs) {
  PcrValues read;
  while (read.values.size() < pcrs.size()) {
    const auto selection = selection_of(pcrs.subspan(read.values.size()));
    Esys<TPML_PCR_SELECTION> got;
    Esys<TPML_DIGEST> digests;
    UINT32 counter = 0;
    BM_CHECK(check(Esys_PCR_Read(context.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &selection, &counter,
                                 out(got), out(digests)),
                   "TPM2_PCR_Read"));
    if (digests->count == 0 || read.values.size() + digests->count > pcrs.size()) {
      return fail(Code::unavailable, "TPM2_PCR_Read: the TPM has no such SHA-256 PCR");
    }
    if (!read.values.empty() && counter != read.update_counter) {
      read = {};
      continue;
    }
    read.update_counter = counter;
    for (UINT32 i = 0; i < digests->count; ++i) {
      const auto value = octets<32>({digests->digests[i].buffer, digests->digests[i].size});
      if (!value) {
        return fail(Code::unavailable, "TPM2_PCR_Read: not a SHA-256 value");
      }
      read.values.push_back(*value);
    }
  }
  return read;
}

bool ascending_pcrs(std::span<const std::uint8_t> pcrs) {
  return !pcrs.empty() && pcrs.back() < kPcrCount &&
         std::ranges::adjacent_find(pcrs, std::greater_equal{}) == pcrs.end();
}

}  // namespace

Result<Statement> certify(Context& context, const Object& iak, const Object& subject, const Digest& freshness) {
  const auto data = qualifying(freshness);
  Esys<TPM2B_ATTEST> attest;
  Esys<TPMT_SIGNATURE> signature;
  BM_CHECK(check(Esys_Certify(context.get(), subject.handle.tr(), iak.handle.tr(), ESYS_TR_PASSWORD, ESYS_TR_PASSWORD,
                              ESYS_TR_NONE, &data, &kSchemeOfKey, out(attest), out(signature)),
                 "TPM2_Certify"));
  return statement(*attest, *signature);
}

Result<CreationStatement> certify_creation(Context& context, const Object& iak, tpm::Template of,
                                           const Digest& freshness) {
  BM_TRY(const auto made, create_primary(context, ESYS_TR_RH_ENDORSEMENT, tpm::make(of)));
  const auto data = qualifying(freshness);
  Esys<TPM2B_ATTEST> attest;
  Esys<TPMT_SIGNATURE> signature;
  BM_CHECK(check(Esys_CertifyCreation(context.get(), iak.handle.tr(), made.object.handle.tr(), ESYS_TR_PASSWORD,
                                      ESYS_TR_NONE, ESYS_TR_NONE, &data, made.creation_hash.get(), &kSchemeOfKey,
                                      made.ticket.get(), out(attest), out(signature)),
                 "TPM2_CertifyCreation"));
  BM_TRY(auto signed_part, statement(*attest, *signature));
  BM_TRY(auto creation, marshal(Tss2_MU_TPMS_CREATION_DATA_Marshal, made.creation_data->creationData));
  return CreationStatement{std::move(signed_part), std::move(creation)};
}

Result<Quote> quote(Context& context, const Object& iak, const Digest& freshness, std::span<const std::uint8_t> pcrs) {
  if (!ascending_pcrs(pcrs)) {
    return fail(Code::bad_request, "PCRs must be ascending numbers below 24, at least one");
  }
  const auto data = qualifying(freshness);
  const auto selection = selection_of(pcrs);
  // Values are read apart from the quote: the update counter tells whether both saw the same PCRs.
  for (int i = 0; i < kQuoteTries; ++i) {
    BM_TRY(auto before, read_pcrs(context, pcrs));
    Esys<TPM2B_ATTEST> attest;
    Esys<TPMT_SIGNATURE> signature;
    BM_CHECK(check(Esys_Quote(context.get(), iak.handle.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data,
                              &kSchemeOfKey, &selection, out(attest), out(signature)),
                   "TPM2_Quote"));
    BM_TRY(const auto after, read_pcrs(context, pcrs));
    if (before.update_counter == after.update_counter) {
      BM_TRY(auto signed_part, statement(*attest, *signature));
      return Quote{std::move(signed_part), std::move(before.values)};
    }
  }
  return fail(Code::unavailable, "PCRs keep changing while they are quoted");
}

Result<Bytes> sign_digest(Context& context, const Object& key, const Digest& digest) {
  TPM2B_DIGEST to_sign{};
  put(to_sign, digest.get());
  // An unrestricted key signs what the caller hashed: the ticket says that the TPM did not.
  const TPMT_TK_HASHCHECK not_hashed_here{.tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL, .digest = {}};
  Esys<TPMT_SIGNATURE> signature;
  BM_CHECK(check(Esys_Sign(context.get(), key.handle.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &to_sign,
                           &kSchemeOfKey, &not_hashed_here, out(signature)),
                 "TPM2_Sign"));
  return ecdsa_der(*signature);
}

Result<Secret> activate(Context& context, const Object& ek, const Object& iak, BytesView id_object,
                        BytesView encrypted_secret) {
  TPM2B_ID_OBJECT credential{};
  TPM2B_ENCRYPTED_SECRET secret{};
  if (id_object.size() > sizeof(credential.credential) || encrypted_secret.size() > sizeof(secret.secret)) {
    return fail(Code::bad_evidence, "a credential longer than any is");
  }
  put(credential, id_object);
  put(secret, encrypted_secret);
  BM_TRY(const auto session, endorsement_policy_session(context, ek.handle.tr()));
  Esys<TPM2B_DIGEST> opened;
  const auto rc = Esys_ActivateCredential(context.get(), iak.handle.tr(), ek.handle.tr(), ESYS_TR_PASSWORD,
                                          session.tr(), ESYS_TR_NONE, &credential, &secret, out(opened));
  if (refused_input(rc)) {
    return fail(Code::bad_evidence, "the credential was not made for this endorsement key and IAK: " +
                                        check(rc, "TPM2_ActivateCredential").error().detail);
  }
  BM_CHECK(check(rc, "TPM2_ActivateCredential"));
  Secret answer{to_bytes({opened->buffer, opened->size})};
  explicit_bzero(opened.get(), sizeof(*opened));
  return answer;
}

}  // namespace birthmark::agent::tss
