// SPDX-License-Identifier: Apache-2.0
#include "cli/verify_csr.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/input_file.h"
#include "cli/key_words.h"
#include "cli/output.h"
#include "codec/csr_attestation.h"
#include "codec/name.h"
#include "codec/pkcs10.h"
#include "pki/csr_policy.h"

namespace birthmark::cli {
namespace {

struct Judged {
  pkcs10::Request request;
  crypto::PublicKey key;
  bool evidence = false;
};

Result<Judged> judge(BytesView input, std::string_view device) {
  BM_TRY(const auto der, der_of(input, {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"}));
  BM_TRY(auto request, pkcs10::Request::read(der));
  BM_TRY(auto key, pki::judge_csr(request, {.subject = {},
                                            .subject_alt_name = {},
                                            .channel_binding = {},
                                            .identifier = device,
                                            .keys = pki::CsrExpectation::Keys::any_sound,
                                            .channel = pki::CsrExpectation::Channel::not_judged,
                                            .evidence = pki::CsrExpectation::Evidence::passed_over}));
  BM_TRY(const auto evidence, csr_attestation::of(request));
  return Judged{std::move(request), std::move(key), evidence.has_value()};
}

void add_not_judged(boost::json::object& said, const Judged& judged) {
  boost::json::array out;
  if (judged.key.type() != crypto::KeyType::p256 && judged.key.type() != crypto::KeyType::p384) {
    out.emplace_back("products take P-256 and P-384; another key needs a policy that names it");
  }
  if (judged.request.challenge_password()) {
    out.emplace_back("challengePassword: a file has come over no channel");
  }
  out.emplace_back(judged.evidence ? "attestation: it needs the challenge; see `birthmark verify evidence`"
                                   : "evidence: the request carries none");
  said["not_judged"] = std::move(out);
}

struct Flags {
  std::string file, device, profile;
  bool as_json = false;
};

int run(const Flags& flags) {
  const auto form = flags.as_json ? Form::json : Form::words;
  const auto input = read_input(flags.file);
  if (!input && input.error().code != Code::too_large) {
    return complain(input.error(), form, kEnvironment);
  }
  const auto verdict = judge_csr_file(input ? BytesView{*input} : BytesView{}, flags.device);
  if (flags.as_json) {
    print_line(verdict.said);
  } else {
    print_members(verdict.said);
  }
  return verdict.accepted ? kDone : kRefused;
}

}  // namespace

CsrVerdict judge_csr_file(BytesView input, std::string_view device) {
  CsrVerdict out;
  out.said["verdict"] = "reject";
  out.said["device"] = device;
  const auto judged = judge(input, device);
  if (!judged) {
    out.said["code"] = info(judged.error().code).name;
    out.said["check"] = judged.error().check.empty() ? std::string{"csr.encoding"} : judged.error().check;
    out.said["clause"] = pki::csr_clause(judged.error().check);
    out.said["detail"] = judged.error().detail;
    return out;
  }
  out.accepted = true;
  out.said["verdict"] = "accept";
  out.said["subject"] = x509::display_name(judged->request.subject());
  out.said["key"] = words_of(judged->key);
  out.said["spki_sha256"] = to_hex(judged->key.spki_sha256().get());
  add_not_judged(out.said, *judged);
  return out;
}

void add_verify_csr(CLI::App& verify, int& exit_code) {
  auto* const command = verify.add_subcommand("csr", "would this request be taken from this device?");
  const auto flags = std::make_shared<Flags>();
  command->add_option("--profile", flags->profile, "what is asked for: device")
      ->default_val("device")
      ->check(CLI::IsMember({"device"}));
  command->add_option("--device", flags->device, "the subject name that the device is registered under")->required();
  command->add_option("file", flags->file, "request in PEM or DER; - for standard input")->required();
  command->add_flag("--json", flags->as_json, "one JSON object on standard output");
  command->callback([flags, &exit_code] { exit_code = run(*flags); });
}

}  // namespace birthmark::cli
