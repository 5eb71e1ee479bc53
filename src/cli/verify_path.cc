// SPDX-License-Identifier: Apache-2.0
#include "cli/verify_path.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "adapters/clock/system_clock.h"
#include "cli/input_file.h"
#include "cli/output.h"
#include "codec/name.h"
#include "crypto/openssl_verifier.h"

namespace birthmark::cli {
namespace {

using crypto::OpensslAnswer;
using crypto::OpensslQuestion;
using pki::path::Judgement;
using pki::path::MemberPtr;
using pki::path::Purpose;
using pki::path::RevocationScope;

/// What of a case could be read, and what our verifier makes of it.
struct Ours {
  std::vector<MemberPtr> trusted, untrusted;
  std::vector<x509::Crl> crls;
  Judgement judgement;
};

Judgement unreadable_leaf(const Error& error) {
  Judgement judgement;
  judgement.findings.push_back({.certificate = 0,
                                .check = "path.leaf",
                                .clause = "RFC 5280 §4.1",
                                .outcome = pki::path::Outcome::failed,
                                .detail = error.detail});
  return judgement;
}

/// What cannot be read is in nobody's path and covers nobody: it is left out.
Ours judge_ours(const PathCase& one) {
  Ours ours;
  pki::path::Trust trust;
  for (const auto& der : one.trusted) {
    if (auto anchor = x509::Certificate::read_anchor(der)) {
      ours.trusted.push_back(pki::path::make_member(std::move(*anchor)));
      trust.add_anchor(ours.trusted.back());
    }
  }
  for (const auto& der : one.untrusted) {
    if (auto hint = x509::Certificate::read(der)) {
      ours.untrusted.push_back(pki::path::make_member(std::move(*hint)));
    }
  }
  for (const auto& der : one.crls) {
    if (auto crl = x509::Crl::read(der)) {
      ours.crls.push_back(std::move(*crl));
    }
  }
  auto leaf = x509::Certificate::read(one.leaf);
  ours.judgement =
      leaf ? pki::path::judge(trust, pki::path::make_member(std::move(*leaf)), ours.untrusted, ours.crls, one.options)
           : unreadable_leaf(leaf.error());
  return ours;
}

void put_host(OpensslQuestion& question, const pki::path::Host& host) {
  switch (host.kind) {
    case pki::path::Host::Kind::dns:
      question.dns_name = host.value;
      return;
    case pki::path::Host::Kind::ip:
      question.ip_address = pki::path::read_ip(host.value).value_or(Bytes{});
      return;
    case pki::path::Host::Kind::email:
      question.email = host.value;
      return;
  }
}

/// To OpenSSL a certificate has ended in the second that is its last, which RFC 5280 §4.1.2.5 counts to it: where that
/// is now, it is asked for the second before.
Instant time_for_openssl(const Instant at, const pki::path::Path& path) {
  const auto now = std::chrono::floor<std::chrono::seconds>(at);
  const bool last_second =
      std::ranges::any_of(path, [&](const MemberPtr& one) { return one->certificate.not_after() == now; });
  return last_second ? now - std::chrono::seconds{1} : now;
}

/// Where we accepted, OpenSSL is asked for the very path, and for all certificates only where lists may need signers of
/// their own. Where we refused, for everything within its bounds.
OpensslAnswer judge_openssl(const PathCase& one, const Ours& ours) {
  const auto& options = one.options;
  std::vector<BytesView> trusted, untrusted, crls;
  if (ours.judgement.accepted()) {
    const auto& path = ours.judgement.path;
    trusted.push_back(path.front()->certificate.der());
    for (std::size_t i = 1; i + 1 < path.size(); ++i) {
      untrusted.push_back(path[i]->certificate.der());
    }
  } else {
    trusted.assign(one.trusted.begin(), one.trusted.end());
  }
  if (!ours.judgement.accepted() || options.revocation != RevocationScope::none) {
    untrusted.assign(one.untrusted.begin(), one.untrusted.end());
    crls.assign(one.crls.begin(), one.crls.end());
  }
  OpensslQuestion question{.leaf = one.leaf, .trusted = trusted, .untrusted = untrusted, .crls = crls};
  question.at = time_for_openssl(options.at, ours.judgement.path);
  question.purpose = options.purpose == Purpose::server   ? OpensslQuestion::Purpose::server
                     : options.purpose == Purpose::client ? OpensslQuestion::Purpose::client
                                                          : OpensslQuestion::Purpose::any;
  if (options.host) {
    put_host(question, *options.host);
  }
  question.intermediates_max = static_cast<int>(options.intermediates_max);
  question.crl_check = options.revocation == RevocationScope::none   ? OpensslQuestion::CrlCheck::none
                       : options.revocation == RevocationScope::leaf ? OpensslQuestion::CrlCheck::leaf
                                                                     : OpensslQuestion::CrlCheck::all;
  question.policies = options.policies.user_initial_policy_set;
  question.explicit_policy = options.policies.initial_explicit_policy;
  question.inhibit_any_policy = options.policies.initial_any_policy_inhibit;
  question.inhibit_policy_mapping = options.policies.initial_policy_mapping_inhibit;
  question.strict = options.conformance == pki::path::Conformance::issuer;
  return crypto::ask_openssl(question);
}

/// What was refused and is larger is not handed to OpenSSL, whose opinion would change nothing.
constexpr std::size_t kRefusedMaxBytes = std::size_t{512} << 10;

std::size_t size_of(const PathCase& one) {
  std::size_t size = one.leaf.size();
  for (const auto* const list : {&one.trusted, &one.untrusted, &one.crls}) {
    for (const auto& der : *list) {
      size += der.size();
    }
  }
  return size;
}

std::string_view word(bool accepted) {
  return accepted ? "accept" : "reject";
}

std::string_view word(pki::path::Outcome outcome) {
  switch (outcome) {
    case pki::path::Outcome::passed:
      return "passed";
    case pki::path::Outcome::failed:
      return "failed";
    case pki::path::Outcome::not_reached:
      break;
  }
  return "not reached";
}

boost::json::array steps_of(const Judgement& judgement) {
  boost::json::array steps;
  for (const auto& finding : judgement.findings) {
    steps.push_back({{"certificate", finding.certificate},
                     {"check", finding.check},
                     {"clause", finding.clause},
                     {"outcome", word(finding.outcome)},
                     {"detail", finding.detail}});
  }
  return steps;
}

boost::json::array path_of(const Judgement& judgement) {
  boost::json::array path;
  for (const auto& member : judgement.path) {
    path.emplace_back(x509::display_name(member->certificate.subject()));
  }
  return path;
}

struct Flags {
  std::string file;
  bool as_json = false;
};

int exit_code_of(PathVerdict verdict) {
  switch (verdict) {
    case PathVerdict::accept:
      return kDone;
    case PathVerdict::reject:
      return kRefused;
    case PathVerdict::not_supported:
      break;
  }
  return kUsage;
}

void print(boost::json::object said, bool as_json) {
  if (as_json) {
    print_line(said);
    return;
  }
  const auto steps = said.at("steps").as_array();
  said.erase("steps");
  print_members(said);
  print_rows(steps, {"certificate", "outcome", "check", "clause", "detail"});
}

int run(const Flags& flags) {
  const auto form = flags.as_json ? Form::json : Form::words;
  const auto input = read_input(flags.file, kPathCaseMaxBytes);
  if (!input && input.error().code != Code::too_large) {
    return complain(input.error(), form, kEnvironment);
  }
  const auto one = input ? read_path_case(as_text(*input), SystemClock{}.now()) : Result<PathCase>{fail(input.error())};
  if (!one) {
    // What is too large to be judged is refused; what asks for something unknown is not judged at all.
    return complain(one.error(), form, one.error().code == Code::too_large ? kRefused : kUsage);
  }
  auto answer = judge_path_case(*one);
  print(std::move(answer.said), flags.as_json);
  return exit_code_of(answer.verdict);
}

}  // namespace

PathAnswer judge_path_case(const PathCase& one) {
  const auto ours = judge_ours(one);
  const bool accepted = ours.judgement.accepted();
  PathAnswer answer;
  auto& said = answer.said;
  // Certificates that bought all the effort there is are not handed to a verifier without bounds, and neither is much
  // that was refused already.
  if (ours.judgement.exhausted || (!accepted && size_of(one) > kRefusedMaxBytes)) {
    said["openssl"] = nullptr;
  } else {
    const auto second = judge_openssl(one, ours);
    answer.verdict = accepted && second.accepted ? PathVerdict::accept : PathVerdict::reject;
    said["openssl"] = {{"verdict", word(second.accepted)}, {"depth", second.depth}, {"reason", second.reason}};
    said["disagreement"] = second.accepted != accepted;
  }
  said["verdict"] = word(answer.verdict == PathVerdict::accept);
  said["ours"] = word(accepted);
  if (const auto* const failure = ours.judgement.failure()) {
    said["check"] = failure->check;
    said["clause"] = failure->clause;
    said["certificate"] = failure->certificate;
    said["detail"] = failure->detail;
  }
  said["signatures"] = ours.judgement.signatures;
  said["path"] = path_of(ours.judgement);
  said["steps"] = steps_of(ours.judgement);
  return answer;
}

void add_verify_path(CLI::App& verify, int& exit_code) {
  auto* const command = verify.add_subcommand("path", "whether a certificate leads to an anchor (RFC 5280 §6)");
  const auto flags = std::make_shared<Flags>();
  command
      ->add_option("--case", flags->file,
                   "JSON: what is trusted, what is to be judged, when, and for what; - reads it from standard input")
      ->required();
  command->add_flag("--json", flags->as_json, "one JSON object on standard output");
  command->callback([flags, &exit_code] { exit_code = run(*flags); });
}

}  // namespace birthmark::cli
