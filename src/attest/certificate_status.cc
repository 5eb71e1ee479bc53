// SPDX-License-Identifier: Apache-2.0
#include "attest/certificate_status.h"

#include <array>
#include <chrono>

#include "attest/vendor_crl.h"
#include "codec/der.h"
#include "codec/extensions.h"
#include "codec/ocsp.h"
#include "codec/oid.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/sha1.h"

namespace birthmark::attest {
namespace {

constexpr auto kOcspSigning = oid<1, 3, 6, 1, 5, 5, 7, 3, 9>;
constexpr auto kSkew = std::chrono::minutes{5};       ///< between the responder's clock and ours
constexpr auto kAgeMax = std::chrono::hours{24 * 7};  ///< of an answer that does not say when the next one comes

struct Subject {
  BytesView der;
  const StatusQuestion& question;
  std::optional<ocsp::BasicResponse> basic = {};
  std::optional<crypto::PublicKey> signer = {};
  const ocsp::SingleResponse* answer = nullptr;
};

BytesView key_octets(const x509::Certificate& certificate) {
  const auto spki = x509::read_spki(certificate.spki());
  return spki ? spki->key : BytesView{};
}

Bytes id_digest(ocsp::IdHash hash, BytesView bytes) {
  switch (hash) {
    case ocsp::IdHash::sha1: {
      const auto digest = crypto::sha1_identifier(bytes);
      return Bytes{digest.begin(), digest.end()};
    }
    case ocsp::IdHash::sha256:
      return crypto::hash(crypto::HashAlgorithm::sha256, {bytes});
    case ocsp::IdHash::sha384:
      return crypto::hash(crypto::HashAlgorithm::sha384, {bytes});
    case ocsp::IdHash::sha512:
      break;
  }
  return crypto::hash(crypto::HashAlgorithm::sha512, {bytes});
}

bool is_about(const ocsp::CertId& id, const StatusQuestion& question) {
  return equal(id.serial, question.certificate.serial()) &&
         id_digest(id.hash, question.issuer.subject()) == id.issuer_name_hash &&
         id_digest(id.hash, key_octets(question.issuer)) == id.issuer_key_hash;
}

bool is_signed_by(const x509::Certificate& certificate, const x509::Certificate& issuer) {
  const auto key = crypto::PublicKey::from_spki(issuer.spki());
  const auto scheme = crypto::scheme_of(certificate.signature_algorithm());
  return key && scheme && equal(certificate.issuer(), issuer.subject()) &&
         key->verify(*scheme, certificate.tbs(), certificate.signature());
}

/// Whether the response names this certificate's holder as its responder.
bool is_named(const ocsp::BasicResponse& basic, const x509::Certificate& certificate) {
  return basic.responder_name.empty()
             ? equal(basic.responder_key_hash, crypto::sha1_identifier(key_octets(certificate)))
             : equal(basic.responder_name, certificate.subject());
}

/// RFC 6960 §4.2.2.2: signed by the issuer itself for this very purpose, and in its validity.
bool is_delegate(const x509::Certificate& certificate, const StatusQuestion& question) {
  const auto usages = x509::extended_key_usage(certificate.extensions());
  const auto usage = x509::key_usage(certificate.extensions());
  const auto constraints = x509::basic_constraints(certificate.extensions());
  const bool may_sign = usages && *usages && usage && (!*usage || (**usage & 1U) != 0) && constraints &&
                        std::ranges::any_of(**usages, [](BytesView one) { return equal(one, kOcspSigning); });
  const bool understood = std::ranges::all_of(certificate.extensions(), [](const x509::Extension& extension) {
    return !extension.critical || equal(extension.type, oids::extended_key_usage) ||
           equal(extension.type, oids::key_usage) || equal(extension.type, oids::basic_constraints);
  });
  return may_sign && understood && question.now >= certificate.not_before() &&
         question.now <= certificate.not_after() && is_signed_by(certificate, question.issuer);
}

// --- steps ---

Failure issued(Subject& s) {
  return is_signed_by(s.question.certificate, s.question.issuer) ? std::nullopt
                                                                 : Failure{"the certificate is not of this issuer"};
}

Failure response(Subject& s) {
  auto read = ocsp::read_response(s.der);
  if (!read) {
    return read.error().detail;
  }
  if (!read->basic) {
    return "the responder answers with error " + std::to_string(static_cast<int>(read->status));
  }
  s.basic = std::move(*read->basic);
  return std::nullopt;
}

Failure responder(Subject& s) {
  const auto take = [&](const x509::Certificate& certificate) {
    auto key = crypto::PublicKey::from_spki(certificate.spki());
    if (!key) {
      return Failure{"the responder's key: " + key.error().detail};
    }
    s.signer = std::move(*key);
    return Failure{};
  };
  if (is_named(*s.basic, s.question.issuer)) {
    return take(s.question.issuer);
  }
  for (const auto& der : s.basic->certificates) {
    const auto certificate = x509::Certificate::read(der);
    if (certificate && is_named(*s.basic, *certificate) && is_delegate(*certificate, s.question)) {
      return take(*certificate);
    }
  }
  return "the responder is neither the issuer nor one that the issuer made a responder";
}

Failure signature(Subject& s) {
  const auto scheme = crypto::scheme_of(s.basic->algorithm);
  if (!scheme) {
    return "signed with an algorithm that is not taken (SHA-1, or unknown)";
  }
  return s.signer->verify(*scheme, s.basic->tbs, s.basic->signature) ? std::nullopt
                                                                     : Failure{"the signature does not verify"};
}

Failure certificate_id(Subject& s) {
  for (const auto& one : s.basic->responses) {
    // The enumerators stand from good to bad but for unknown, which is worse than good and better than revoked.
    const auto worse = [](ocsp::CertStatus status) {
      return status == ocsp::CertStatus::revoked ? 3 : static_cast<int>(status);
    };
    if (is_about(one.certificate, s.question) && (s.answer == nullptr || worse(one.status) > worse(s.answer->status))) {
      s.answer = &one;
    }
  }
  return s.answer != nullptr ? std::nullopt : Failure{"the response is about other certificates"};
}

Failure nonce(Subject& s) {
  const auto& asked = s.question.nonce;
  return !asked || (s.basic->nonce && equal(*s.basic->nonce, *asked)) ? std::nullopt : Failure{"the nonce is not ours"};
}

Failure time(Subject& s) {
  const auto now = s.question.now;
  const auto& answer = *s.answer;
  if (answer.this_update > now + kSkew || s.basic->produced_at > now + kSkew) {
    return "it is of a time to come";
  }
  if (answer.next_update && *answer.next_update < answer.this_update) {
    return "its next update comes before this one";
  }
  const auto end = answer.next_update ? *answer.next_update : answer.this_update + kAgeMax;
  return now <= end ? std::nullopt : Failure{"it is out of date"};
}

constexpr std::array kSteps{
    Step<Subject>{"status.issuer", "RFC 5280 §6.1.3(a)(1), (4)", Code::bad_evidence, issued},
    Step<Subject>{"ocsp.response", "RFC 6960 §4.2.1", Code::bad_evidence, response},
    Step<Subject>{"ocsp.responder", "RFC 6960 §4.2.2.2", Code::bad_evidence, responder},
    Step<Subject>{"ocsp.signature", "RFC 6960 §3.2(2)", Code::bad_evidence, signature},
    Step<Subject>{"ocsp.certificate_id", "RFC 6960 §3.2(1)", Code::bad_evidence, certificate_id},
    Step<Subject>{"ocsp.nonce", "RFC 9654 §2.1", Code::bad_evidence, nonce},
    Step<Subject>{"ocsp.time", "RFC 6960 §4.2.2.1", Code::bad_evidence, time},
};

// --- lists ---

struct List {
  BytesView der;
  const StatusQuestion& question;
  std::optional<x509::Crl> crl = {};
};

Failure issued_listed(List& s) {
  return is_signed_by(s.question.certificate, s.question.issuer) ? std::nullopt
                                                                 : Failure{"the certificate is not of this issuer"};
}

Failure list(List& s) {
  auto read = read_vendor_crl(s.der);
  if (!read) {
    return read.error().detail;
  }
  s.crl = std::move(*read);
  return std::nullopt;
}

/// RFC 5280 §6.3.3(b)(1), (f): the list is the issuer's, whose key may sign lists.
Failure list_issuer(List& s) {
  if (!equal(s.crl->issuer(), s.question.issuer.subject())) {
    return "the list is of another issuer";
  }
  const auto usage = x509::key_usage(s.question.issuer.extensions());
  return usage && (!*usage || (**usage & 1U << 6) != 0) ? std::nullopt : Failure{"the issuer's key signs no lists"};
}

Failure list_signature(List& s) {
  const auto key = crypto::PublicKey::from_spki(s.question.issuer.spki());
  const auto scheme = crypto::scheme_of(s.crl->signature_algorithm());
  return key && scheme && key->verify(*scheme, s.crl->tbs(), s.crl->signature())
             ? std::nullopt
             : Failure{"the signature does not verify"};
}

Failure list_time(List& s) {
  if (s.crl->this_update() > s.question.now + kSkew) {
    return "it is of a time to come";
  }
  return s.question.now <= s.crl->next_update() ? std::nullopt : Failure{"it is out of date"};
}

constexpr std::array kListSteps{
    Step<List>{"status.issuer", "RFC 5280 §6.1.3(a)(1), (4)", Code::bad_evidence, issued_listed},
    Step<List>{"crl.list", "RFC 5280 §5.1, §5.2", Code::bad_evidence, list},
    Step<List>{"crl.issuer", "RFC 5280 §6.3.3(b)(1), (f)", Code::bad_evidence, list_issuer},
    Step<List>{"crl.signature", "RFC 5280 §6.3.3(g)", Code::bad_evidence, list_signature},
    Step<List>{"crl.time", "RFC 5280 §6.3.3(a)", Code::bad_evidence, list_time},
};

StatusVerdict verdict_of(ocsp::CertStatus status) {
  switch (status) {
    case ocsp::CertStatus::good:
      return StatusVerdict::good;
    case ocsp::CertStatus::revoked:
      return StatusVerdict::revoked;
    case ocsp::CertStatus::unknown:
      break;
  }
  return StatusVerdict::unknown;
}

}  // namespace

std::string_view name(StatusVerdict verdict) {
  switch (verdict) {
    case StatusVerdict::good:
      return "good";
    case StatusVerdict::revoked:
      return "revoked";
    case StatusVerdict::unknown:
      return "unknown";
    case StatusVerdict::unusable:
      break;
  }
  return "unusable";
}

StatusAppraisal appraise_ocsp(BytesView response, const StatusQuestion& question) {
  Subject subject{.der = response, .question = question};
  StatusAppraisal out{walk(std::span<const Step<Subject>>{kSteps}, subject)};
  if (trusted(out.findings)) {
    const auto& answer = *subject.answer;
    out.verdict = verdict_of(answer.status);
    out.revoked_at = answer.revoked_at;
    out.reason = answer.reason;
    out.this_update = answer.this_update;
    out.next_update = answer.next_update;
  }
  return out;
}

StatusAppraisal appraise_crl(BytesView crl, const StatusQuestion& question) {
  List subject{.der = crl, .question = question};
  StatusAppraisal out{walk(std::span<const Step<List>>{kListSteps}, subject)};
  if (trusted(out.findings)) {
    const bool listed = !subject.crl->find(question.certificate.serial()).empty();
    out.verdict = listed ? StatusVerdict::revoked : StatusVerdict::good;
    out.this_update = subject.crl->this_update();
    out.next_update = subject.crl->next_update();
  }
  return out;
}

StatusAppraisal appraise_status(BytesView response_or_crl, const StatusQuestion& question) {
  auto outer = der::read_one(response_or_crl, der::tag::sequence);
  const bool is_list = outer && outer->peek() == der::tag::sequence;
  return is_list ? appraise_crl(response_or_crl, question) : appraise_ocsp(response_or_crl, question);
}

}  // namespace birthmark::attest
