// SPDX-License-Identifier: Apache-2.0
#include "cli/verify_status.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "adapters/clock/system_clock.h"
#include "attest/certificate_status.h"
#include "cli/input_file.h"
#include "cli/output.h"

namespace birthmark::cli {
namespace {

struct Flags {
  std::string response, certificate, issuer, time, nonce;
  bool as_json = false;
  [[nodiscard]] Form form() const { return as_json ? Form::json : Form::words; }
};

/// What stands in the files. Certificates are read as strictly as those that come over the wire; the issuer is trusted
/// because somebody says so here.
struct Case {
  Bytes response;
  x509::Certificate certificate, issuer;
  Instant now;
  std::optional<Bytes> nonce = {};
};

Result<Bytes> read_der(const std::string& file, std::initializer_list<std::string_view> labels) {
  BM_TRY(const auto input, read_input(file));
  return der_of(input, labels);
}

Result<Case> read_case(const Flags& flags) {
  BM_TRY(auto response, read_der(flags.response, {"OCSP RESPONSE", "X509 CRL"}));
  BM_TRY(const auto certificate_der, read_der(flags.certificate, {"CERTIFICATE"}));
  BM_TRY(auto certificate, x509::Certificate::read(certificate_der));
  BM_TRY(const auto issuer_der, read_der(flags.issuer, {"CERTIFICATE"}));
  BM_TRY(auto issuer, x509::Certificate::read_anchor(issuer_der));
  Case out{std::move(response), std::move(certificate), std::move(issuer), SystemClock{}.now()};
  if (!flags.time.empty()) {
    const auto time = from_rfc3339(flags.time);
    if (!time) {
      return fail(Code::bad_request, "--time is RFC 3339 in UTC, as 2027-06-01T00:00:00Z");
    }
    out.now = *time;
  }
  if (!flags.nonce.empty()) {
    out.nonce = from_hex(flags.nonce);
    if (!out.nonce) {
      return fail(Code::bad_request, "--nonce is hex");
    }
  }
  return out;
}

boost::json::object members_of(const attest::StatusAppraisal& appraisal) {
  boost::json::object out{{"status", attest::name(appraisal.verdict)}};
  const auto add_time = [&](std::string_view name, const std::optional<Instant>& time) {
    if (time) {
      out[name] = to_rfc3339(*time);
    }
  };
  add_time("revoked_at", appraisal.revoked_at);
  if (appraisal.reason) {
    out["reason"] = *appraisal.reason;
  }
  add_time("this_update", appraisal.this_update);
  add_time("next_update", appraisal.next_update);
  boost::json::array steps;
  for (const auto& finding : appraisal.findings) {
    boost::json::object row{{"check", finding.check}, {"clause", finding.clause}, {"outcome", name(finding.outcome)}};
    if (finding.outcome == attest::Outcome::failed) {
      out["check"] = finding.check;
      out["clause"] = finding.clause;
      out["detail"] = row["detail"] = finding.detail;
    }
    steps.push_back(std::move(row));
  }
  out["steps"] = std::move(steps);
  return out;
}

int run(const Flags& flags) {
  const auto read = read_case(flags);
  if (!read) {
    const auto code = read.error().code;
    const bool no_file = code == Code::not_found || code == Code::storage;
    return complain(read.error(), flags.form(), no_file ? kEnvironment : kRefused);
  }
  const auto nonce = read->nonce ? std::optional<BytesView>{*read->nonce} : std::nullopt;
  const auto appraisal = attest::appraise_status(
      read->response, {.certificate = read->certificate, .issuer = read->issuer, .now = read->now, .nonce = nonce});
  const auto said = members_of(appraisal);
  if (flags.as_json) {
    print_line(said);
  } else {
    print_members(said);
  }
  return appraisal.verdict == attest::StatusVerdict::good ? kDone : kRefused;
}

}  // namespace

void add_verify_status(CLI::App& verify, int& exit_code) {
  auto* const command = verify.add_subcommand("status", "what does this OCSP response or CRL say of a certificate?");
  const auto flags = std::make_shared<Flags>();
  command->add_option("--certificate", flags->certificate, "whose status: PEM or DER")->required();
  command->add_option("--issuer", flags->issuer, "the certificate of its issuer, which is trusted")->required();
  command->add_option("--time", flags->time, "when, RFC 3339; now, if it is not given");
  command->add_option("--nonce", flags->nonce, "hex of the nonce that was asked with");
  command->add_option("file", flags->response, "OCSP response or CRL, PEM or DER; - for standard input")->required();
  command->add_flag("--json", flags->as_json, "one JSON object on standard output");
  command->callback([flags, &exit_code] { exit_code = run(*flags); });
}

}  // namespace birthmark::cli
