// SPDX-License-Identifier: Apache-2.0
#include "attest/step.h"

#include "codec/cbor.h"

namespace birthmark::attest {
namespace {

constexpr std::size_t kFindingFields = 5;

Result<Finding> read_finding(cbor::Reader& in) {
  BM_TRY(const auto fields, in.array());
  if (fields != kFindingFields) {
    return fail(Code::bad_evidence, "a finding has five fields");
  }
  Finding finding;
  BM_TRY(finding.check, in.text());
  BM_TRY(finding.clause, in.text());
  BM_TRY(const auto outcome, in.unsigned_int());
  BM_TRY(const auto name, in.text());
  BM_TRY(finding.detail, in.text());
  const auto code = code_named(name);
  if (outcome > static_cast<std::uint64_t>(Outcome::not_reached) || !code) {
    return fail(Code::bad_evidence, "unknown outcome or code");
  }
  finding.outcome = static_cast<Outcome>(outcome);
  finding.code = *code;
  return finding;
}

}  // namespace

std::string_view name(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "passed";
    case Outcome::failed:
      return "failed";
    case Outcome::not_reached:
      break;
  }
  return "not_reached";
}

Result<void> verdict(const Findings& findings) {
  for (const auto& finding : findings) {
    if (finding.outcome != Outcome::passed) {
      return fail(finding.code, finding.detail, finding.check);
    }
  }
  return findings.empty() ? fail(Code::bad_evidence, "nothing was checked") : Result<void>{};
}

Bytes write(const Findings& findings, std::initializer_list<Finding> more) {
  cbor::Writer out;
  out.array(findings.size() + more.size());
  const auto put = [&](const Finding& finding) {
    out.array(kFindingFields).text(finding.check).text(finding.clause);
    out.unsigned_int(static_cast<std::uint64_t>(finding.outcome)).text(info(finding.code).name).text(finding.detail);
  };
  std::ranges::for_each(findings, put);
  std::ranges::for_each(more, put);
  return std::move(out).finish();
}

Result<Findings> read_findings(BytesView bytes) {
  cbor::Reader in{bytes};
  BM_TRY(const auto count, in.array());
  Findings findings;
  for (std::size_t i = 0; i < count; ++i) {
    BM_TRY(auto finding, read_finding(in));
    findings.push_back(std::move(finding));
  }
  BM_CHECK(in.finish());
  return findings;
}

}  // namespace birthmark::attest
