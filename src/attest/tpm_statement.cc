// SPDX-License-Identifier: Apache-2.0
#include "attest/tpm_statement.h"

#include <array>
#include <bit>
#include <tuple>

#include "attest/endorsement.h"
#include "attest/event_log.h"
#include "attest/tpm_hash.h"
#include "codec/tpm_template.h"
#include "crypto/hash.h"
#include "crypto/rsa_checks.h"
#include "crypto/tpm_crypto.h"

namespace birthmark::attest {
namespace {

struct Subject {
  const TpmStatement& statement;
  const KeyExpectation& expected;
  std::optional<tpm::Public> ak;
  std::optional<crypto::PublicKey> ak_key;
  std::optional<tpm::Public> key;
  std::optional<crypto::PublicKey> certified;
  std::optional<tpm::Attest> attest;
  std::optional<tpm::CreationData> creation;
  const PcrExpectation* pcrs = nullptr;
};

crypto::HashAlgorithm name_algorithm(const tpm::Public& key) {
  return algorithm_of(key.name_hash);
}

bool is_for(const tpm::Public& key, tpm::TemplateUse use) {
  const auto made_of = tpm::template_of(key);
  return made_of && tpm::use_of(*made_of) == use;
}

Bytes name_of(const tpm::Public& key) {
  return crypto::tpm_name(tpm::write(key), name_algorithm(key));
}

/// QN = nameAlg || H(QN(parent) || Name); of a hierarchy it is the four bytes of its handle (TPM 2.0 Part 1 §26.5).
Bytes qualified_name(BytesView parent, const tpm::Public& key) {
  const auto algorithm = name_algorithm(key);
  const auto name = name_of(key);
  Bytes out{name[0], name[1]};
  append(out, crypto::hash(algorithm, {parent, name}));
  return out;
}

Bytes handle_bytes(std::uint32_t handle) {
  return {static_cast<std::uint8_t>(handle >> 24), static_cast<std::uint8_t>(handle >> 16),
          static_cast<std::uint8_t>(handle >> 8), static_cast<std::uint8_t>(handle)};
}

// --- steps ---

/// An RSA key that anybody computes the private half of was made in no better place for lying in a TPM.
Failure known_weakness(const crypto::PublicKey& key) {
  return crypto::has_roca_fingerprint(key) || crypto::is_easily_factored(key)
             ? Failure{"the RSA key is known to be weak (CVE-2017-15361, or a factor that anybody finds)"}
             : std::nullopt;
}

Failure ak_public(Subject& s) {
  auto ak = tpm::read_public(s.expected.ak_public);
  if (!ak) {
    return ak.error().detail;
  }
  const auto a = ak->attributes;
  if (!a.sign() || !a.restricted() || !a.fixed_tpm() || !a.fixed_parent() || !a.sensitive_data_origin() ||
      a.decrypt()) {
    return "the AK is no restricted signing key of its TPM";
  }
  if (!is_for(*ak, tpm::TemplateUse::attestation)) {
    return "the AK is made of no allowed template";
  }
  auto key = public_key(*ak);
  if (!key) {
    return key.error().detail;
  }
  s.ak = std::move(*ak);
  s.ak_key = std::move(*key);
  return known_weakness(*s.ak_key);
}

Failure key_public(Subject& s) {
  auto key = tpm::read_public(s.expected.key_public);
  if (!key) {
    return key.error().detail;
  }
  const auto a = key->attributes;
  if (!a.sign() || !a.fixed_tpm() || !a.fixed_parent() || !a.sensitive_data_origin() || a.restricted() || a.decrypt() ||
      a.encrypted_duplication() || a.st_clear()) {
    return "the key could leave its TPM, was not made in it, or is of another use";
  }
  if (!is_for(*key, tpm::TemplateUse::identity)) {
    return "the key is made of no allowed template";
  }
  auto spki = public_key(*key);
  if (!spki) {
    return spki.error().detail;
  }
  s.key = std::move(*key);
  s.certified = std::move(*spki);
  return known_weakness(*s.certified);
}

/// Whether a signature is of the scheme that its key can sign with: a restricted key has exactly one.
bool is_fixed_in(const tpm::Public& ak, const tpm::Signature& signature) {
  if (const auto* const ecdsa = std::get_if<tpm::EcdsaSignature>(&signature)) {
    return ak.ecc() != nullptr && ak.ecc()->ecdsa == ecdsa->hash;
  }
  const auto& rsa = std::get<tpm::RsaSignature>(signature);
  return ak.rsa() != nullptr && ak.rsa()->scheme == tpm::RsaScheme{rsa.padding, rsa.hash};
}

crypto::SignatureScheme scheme_of(const tpm::Signature& signature) {
  using enum crypto::SignatureScheme;
  const auto hash = tpm::hash_of(signature);
  const auto by_hash = [hash](auto sha256, auto sha384, auto sha512) {
    return hash == tpm::Hash::sha256 ? sha256 : hash == tpm::Hash::sha384 ? sha384 : sha512;
  };
  const auto* const rsa = std::get_if<tpm::RsaSignature>(&signature);
  if (rsa == nullptr) {
    return by_hash(ecdsa_sha256, ecdsa_sha384, ecdsa_sha512);
  }
  return rsa->padding == tpm::RsaPadding::pss ? by_hash(rsa_pss_sha256, rsa_pss_sha384, rsa_pss_sha512)
                                              : by_hash(rsa_pkcs1_sha256, rsa_pkcs1_sha384, rsa_pkcs1_sha512);
}

/// The signature as a verifier of that scheme takes it.
Result<Bytes> verifiable(const tpm::Public& ak, const tpm::Signature& signature) {
  const auto* const ecdsa = std::get_if<tpm::EcdsaSignature>(&signature);
  return ecdsa != nullptr ? tpm::to_der(*ecdsa, ak.ecc()->curve) : std::get<tpm::RsaSignature>(signature).value;
}

Failure signature(Subject& s) {
  const auto signed_by = tpm::read_signature(s.statement.signature);
  if (!signed_by) {
    return signed_by.error().detail;
  }
  if (!is_fixed_in(*s.ak, *signed_by)) {
    return "signed by another scheme than the AK's";
  }
  const auto octets = verifiable(*s.ak, *signed_by);
  const bool holds = octets && s.ak_key->verify(scheme_of(*signed_by), s.statement.attest, *octets);
  return holds ? std::nullopt : Failure{"the AK's signature does not verify"};
}

Failure structure(Subject& s) {
  auto attest = tpm::read_attest(s.statement.attest);
  if (!attest) {
    return attest.error().detail;
  }
  s.attest = std::move(*attest);
  return std::nullopt;
}

/// Creation data goes with a statement of creation, and with no other: neither is read without its half.
Failure is_of_key(Subject& s) {
  if (s.expected.creation_data.empty()) {
    return s.attest->certify() != nullptr ? std::nullopt : Failure{"another type than certify, and no creation data"};
  }
  return s.attest->creation() != nullptr ? std::nullopt : Failure{"another type than creation, with creation data"};
}
Failure is_quote(Subject& s) {
  return s.attest->quote() != nullptr ? std::nullopt : Failure{"another type than quote"};
}

Failure freshness(Subject& s) {
  return equal_constant_time(s.attest->extra_data, s.expected.freshness.get())
             ? std::nullopt
             : Failure{"extraData is not the freshness value of this session"};
}

Failure name(Subject& s) {
  const auto* const certified = s.attest->certify();
  const auto& said = certified != nullptr ? certified->name : s.attest->creation()->object_name;
  return equal(said, name_of(*s.key)) ? std::nullopt : Failure{"the statement is about another key"};
}

Failure signer(Subject& s) {
  return equal(s.attest->qualified_signer, qualified_name(handle_bytes(tpm::kEndorsement), *s.ak))
             ? std::nullopt
             : Failure{"the AK is no primary of the endorsement hierarchy"};
}

Failure selection(Subject& s) {
  return s.attest->quote()->selection == s.pcrs->selection ? std::nullopt
                                                           : Failure{"other PCRs than those that were asked for"};
}

/// How many PCRs are selected.
std::size_t count_of(const tpm::PcrSelection& selection) {
  std::size_t count = 0;
  for (const auto& bank : selection) {
    count += static_cast<std::size_t>(std::popcount(bank.pcrs));
  }
  return count;
}

/// Calls `each` with bank, number and place among the values of each PCR that is selected.
template <class Each>
void each_selected(const tpm::PcrSelection& selection, Each each) {
  std::size_t place = 0;
  for (const auto& bank : selection) {
    for (std::size_t pcr = 0; pcr < tpm::kPcrCount; ++pcr) {
      if ((bank.pcrs >> pcr & 1U) != 0) {
        each(bank.hash, pcr, place++);
      }
    }
  }
}

/// pcrDigest is made with the hash of the signature's scheme (TPM 2.0 Part 3, TPM2_Quote).
Failure pcr_values(Subject& s) {
  const auto& selected = s.pcrs->selection;
  if (count_of(selected) == 0 || s.pcrs->values.size() != count_of(selected)) {
    return "there is not one value for each PCR";
  }
  bool sizes_fit = true;
  Bytes joined;
  each_selected(selected, [&](tpm::Hash hash, std::size_t, std::size_t place) {
    sizes_fit = sizes_fit && s.pcrs->values[place].size() == tpm::digest_size(hash);
    append(joined, s.pcrs->values[place]);
  });
  const auto signed_by = tpm::read_signature(s.statement.signature);
  if (!sizes_fit || !signed_by) {
    return "a PCR value is of another size than its bank's";
  }
  return equal(crypto::hash(algorithm_of(tpm::hash_of(*signed_by)), {joined}), s.attest->quote()->pcr_digest)
             ? std::nullopt
             : Failure{"pcrDigest is not that of the values"};
}

Failure event_log(Subject& s) {
  if (s.pcrs->event_log.empty()) {
    return std::nullopt;
  }
  const auto log = tcg_log::read(s.pcrs->event_log);
  if (!log) {
    return log.error().detail;
  }
  for (const auto& bank : s.pcrs->selection) {
    const auto replayed = replay(*log, bank.hash);
    if (!replayed) {
      return replayed.error().detail;
    }
    Failure failure;
    each_selected(s.pcrs->selection, [&](tpm::Hash hash, std::size_t pcr, std::size_t place) {
      if (hash == bank.hash && (*replayed)[pcr].value_or(untouched_pcr(pcr, hash)) != s.pcrs->values[place] &&
          !failure) {
        failure = "the event log does not lead to PCR " + std::to_string(pcr);
      }
    });
    if (failure) {
      return failure;
    }
  }
  return std::nullopt;
}

/// creationHash is made with the nameAlg of the object (TPM 2.0 Part 3, TPM2_CertifyCreation).
Failure creation(Subject& s) {
  const auto given = crypto::hash(name_algorithm(*s.key), {s.expected.creation_data});
  if (!equal(s.attest->creation()->creation_hash, given)) {
    return "creationHash is not that of the creation data";
  }
  auto data = tpm::read_creation_data(s.expected.creation_data);
  if (!data) {
    return data.error().detail;
  }
  s.creation = std::move(*data);
  return std::nullopt;
}

/// What stands above a key; of a hierarchy both names are its handle.
struct Parent {
  Bytes name;
  Bytes qualified_name;
};

Result<Parent> declared_parent(BytesView parent_public) {
  if (parent_public.empty()) {
    const auto handle = handle_bytes(tpm::kEndorsement);
    return Parent{handle, handle};
  }
  const auto storage = tpm::read_public(parent_public);
  if (!storage) {
    return fail(Code::bad_evidence, "parent: " + storage.error().detail);
  }
  const auto a = storage->attributes;
  if (!a.restricted() || !a.decrypt() || !a.fixed_tpm() || !a.fixed_parent() || a.sign()) {
    return fail(Code::bad_evidence, "the parent is no storage key of its TPM");
  }
  return Parent{name_of(*storage), qualified_name(handle_bytes(tpm::kOwner), *storage)};
}

Failure place(Subject& s) {
  const auto parent = declared_parent(s.expected.parent_public);
  if (!parent) {
    return parent.error().detail;
  }
  const bool there = s.creation
                         ? equal(s.creation->parent_name, parent->name) &&
                               equal(s.creation->parent_qualified_name, parent->qualified_name)
                         : equal(s.attest->certify()->qualified_name, qualified_name(parent->qualified_name, *s.key));
  return there ? std::nullopt : Failure{"the key lies at another place of the hierarchy than declared"};
}

Failure requested(Subject& s) {
  return equal(s.certified->spki(), s.expected.requested_spki)
             ? std::nullopt
             : Failure{"the request is for another key than the attested one"};
}

/// Of a key, whether it was certified or its creation was.
constexpr std::array kKeySteps{
    Step<Subject>{"ak.public", "TPM 2.0 Part 2, TPMT_PUBLIC; docs/wire/evidence.md STATEMENT 1", Code::bad_evidence,
                  ak_public},
    Step<Subject>{"key.public", "TPM 2.0 Part 2, TPMA_OBJECT; docs/wire/evidence.md STATEMENT 2", Code::bad_evidence,
                  key_public},
    // AC-02: spliced evidence is told apart from stale evidence, so the key is looked at before the freshness value,
    // which is computed from the key that is asked for.
    Step<Subject>{"statement.requested_key", "docs/wire/evidence.md STATEMENT 3", Code::key_not_attested, requested},
    Step<Subject>{"statement.signature", "TPM 2.0 Part 3, TPM2_Certify, TPM2_CertifyCreation", Code::bad_evidence,
                  signature},
    Step<Subject>{"statement.structure", "TPM 2.0 Part 2, TPM_GENERATED", Code::bad_evidence, structure},
    Step<Subject>{"statement.type", "TPM 2.0 Part 2, TPMI_ST_ATTEST", Code::bad_evidence, is_of_key},
    Step<Subject>{"statement.name", "TPM 2.0 Part 1 §16", Code::key_not_attested, name},
    Step<Subject>{"statement.freshness", "TPM 2.0 Part 2, TPMS_ATTEST.extraData", Code::bad_evidence, freshness},
    Step<Subject>{"statement.signer", "TPM 2.0 Part 1 §26.5", Code::bad_evidence, signer},
};
constexpr Step<Subject> kCreation{"statement.creation", "TPM 2.0 Part 2, TPMS_CREATION_DATA", Code::bad_evidence,
                                  creation};
constexpr Step<Subject> kPlace{"statement.place", "TPM 2.0 Part 1 §26.5", Code::bad_evidence, place};

template <class... Last>
constexpr std::array<Step<Subject>, kKeySteps.size() + sizeof...(Last)> key_steps_and(const Last&... last) {
  return std::apply([&](const auto&... first) { return std::array{first..., last...}; }, kKeySteps);
}
constexpr auto kCertifySteps = key_steps_and(kPlace);
constexpr auto kCreationSteps = key_steps_and(kCreation, kPlace);

constexpr std::array kQuoteSteps{
    Step<Subject>{"ak.public", "TPM 2.0 Part 2, TPMT_PUBLIC", Code::bad_evidence, ak_public},
    Step<Subject>{"quote.signature", "TPM 2.0 Part 3, TPM2_Quote", Code::bad_evidence, signature},
    Step<Subject>{"quote.structure", "TPM 2.0 Part 2, TPM_GENERATED", Code::bad_evidence, structure},
    Step<Subject>{"quote.type", "TPM 2.0 Part 2, TPMI_ST_ATTEST", Code::bad_evidence, is_quote},
    Step<Subject>{"quote.freshness", "TPM 2.0 Part 2, TPMS_ATTEST.extraData", Code::bad_evidence, freshness},
    Step<Subject>{"quote.signer", "TPM 2.0 Part 1 §26.5", Code::bad_evidence, signer},
};

constexpr auto kPcrSteps = std::apply(
    [](const auto&... first) {
      return std::array{
          first...,
          Step<Subject>{"quote.selection", "TPM 2.0 Part 2, TPMS_QUOTE_INFO.pcrSelect", Code::bad_evidence, selection},
          Step<Subject>{"quote.pcrs", "TPM 2.0 Part 2, TPMS_QUOTE_INFO.pcrDigest", Code::bad_evidence, pcr_values},
          Step<Subject>{"quote.event_log", "TCG PC Client Platform Firmware Profile §10", Code::bad_evidence,
                        event_log},
      };
    },
    kQuoteSteps);

StatementAppraisal appraise(std::span<const Step<Subject>> steps, const TpmStatement& statement,
                            const KeyExpectation& expected, const PcrExpectation* pcrs = nullptr) {
  Subject subject{statement, expected, {}, {}, {}, {}, {}, {}, pcrs};
  StatementAppraisal appraisal{walk(steps, subject), std::nullopt, std::nullopt};
  if (trusted(appraisal.findings)) {
    appraisal.claims = TpmClaims{subject.attest->clock, subject.attest->firmware_version};
    appraisal.certified = std::move(subject.certified);
  }
  return appraisal;
}

}  // namespace

StatementAppraisal appraise_key_statement(const TpmStatement& statement, const KeyExpectation& expected) {
  const std::span<const Step<Subject>> certified{kCertifySteps};
  return appraise(expected.creation_data.empty() ? certified : kCreationSteps, statement, expected);
}

StatementAppraisal appraise_quote(const TpmStatement& statement, BytesView ak, const Digest& fresh) {
  return appraise(kQuoteSteps, statement,
                  {.ak_public = ak, .key_public = {}, .parent_public = {}, .freshness = fresh, .requested_spki = {}});
}

StatementAppraisal appraise_quote(const TpmStatement& statement, BytesView ak, const Digest& fresh,
                                  const PcrExpectation& pcrs) {
  return appraise(kPcrSteps, statement,
                  {.ak_public = ak, .key_public = {}, .parent_public = {}, .freshness = fresh, .requested_spki = {}},
                  &pcrs);
}

Result<Bytes> ak_name(BytesView ak) {
  BM_TRY(const auto key, tpm::read_public(ak));
  return name_of(key);
}

}  // namespace birthmark::attest
