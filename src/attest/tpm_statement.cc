// SPDX-License-Identifier: Apache-2.0
#include "attest/tpm_statement.h"

#include <array>
#include <tuple>

#include "attest/endorsement.h"
#include "codec/tpm_template.h"
#include "crypto/hash.h"
#include "crypto/tpm_crypto.h"

namespace birthmark::attest {
namespace {

using tpm::Template;

struct Subject {
  const TpmStatement& statement;
  const KeyExpectation& expected;
  std::optional<tpm::Public> ak;
  std::optional<crypto::PublicKey> ak_key;
  std::optional<tpm::Public> key;
  std::optional<crypto::PublicKey> certified;
  std::optional<tpm::Attest> attest;
  std::optional<tpm::CreationData> creation;
};

crypto::HashAlgorithm name_algorithm(const tpm::Public& key) {
  return key.name_hash == tpm::Hash::sha384 ? crypto::HashAlgorithm::sha384 : crypto::HashAlgorithm::sha256;
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
  if (!tpm::made_of(*ak, Template::iak_birthmark) && !tpm::made_of(*ak, Template::iak_h2)) {
    return "the AK is made of no allowed template";
  }
  auto key = public_key(*ak);
  if (!key) {
    return key.error().detail;
  }
  s.ak = std::move(*ak);
  s.ak_key = std::move(*key);
  return std::nullopt;
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
  if (!tpm::made_of(*key, Template::idevid_birthmark) && !tpm::made_of(*key, Template::idevid_h2)) {
    return "the key is made of no allowed template";
  }
  auto spki = public_key(*key);
  if (!spki) {
    return spki.error().detail;
  }
  s.key = std::move(*key);
  s.certified = std::move(*spki);
  return std::nullopt;
}

Failure signature(Subject& s) {
  const auto signed_by = tpm::read_signature(s.statement.signature);
  if (!signed_by) {
    return signed_by.error().detail;
  }
  const auto* const ecdsa = std::get_if<tpm::EcdsaSignature>(&*signed_by);
  if (ecdsa == nullptr || ecdsa->hash != tpm::Hash::sha256) {
    return "signed by another scheme than the AK's";
  }
  const auto der = tpm::to_der(*ecdsa, tpm::Curve::p256);
  const bool holds = der && s.ak_key->verify(crypto::SignatureScheme::ecdsa_sha256, s.statement.attest, *der);
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

StatementAppraisal appraise(std::span<const Step<Subject>> steps, const TpmStatement& statement,
                            const KeyExpectation& expected) {
  Subject subject{statement, expected, {}, {}, {}, {}, {}, {}};
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

Result<Bytes> ak_name(BytesView ak) {
  BM_TRY(const auto key, tpm::read_public(ak));
  return name_of(key);
}

}  // namespace birthmark::attest
