// SPDX-License-Identifier: Apache-2.0
#include "cli/claim_words.h"

#include "cli/key_words.h"

namespace birthmark::cli {
namespace {

std::string_view name(attest::KeyBinding binding) {
  switch (binding) {
    case attest::KeyBinding::statement:
      return "statement";
    case attest::KeyBinding::freshness:
      return "freshness";
    case attest::KeyBinding::chain:
      return "chain";
    case attest::KeyBinding::possession:
      return "possession";
  }
  return "unknown";
}

std::string_view name(attest::KeyOrigin origin) {
  switch (origin) {
    case attest::KeyOrigin::generated_inside:
      return "generated_inside";
    case attest::KeyOrigin::derived_inside:
      return "derived_inside";
    case attest::KeyOrigin::imported:
      return "imported";
  }
  return "unknown";
}

std::string_view name(attest::DebugState debug) {
  switch (debug) {
    case attest::DebugState::enabled:
      return "enabled";
    case attest::DebugState::disabled:
      return "disabled";
    case attest::DebugState::disabled_since_boot:
      return "disabled_since_boot";
    case attest::DebugState::disabled_permanently:
      return "disabled_permanently";
    case attest::DebugState::disabled_fully_and_permanently:
      return "disabled_fully_and_permanently";
  }
  return "unknown";
}

std::string_view name(attest::SecurityLifecycle lifecycle) {
  switch (lifecycle) {
    case attest::SecurityLifecycle::unknown:
      return "unknown";
    case attest::SecurityLifecycle::assembly_and_test:
      return "assembly_and_test";
    case attest::SecurityLifecycle::rot_provisioning:
      return "rot_provisioning";
    case attest::SecurityLifecycle::secured:
      return "secured";
    case attest::SecurityLifecycle::non_rot_debug:
      return "non_rot_debug";
    case attest::SecurityLifecycle::recoverable_rot_debug:
      return "recoverable_rot_debug";
    case attest::SecurityLifecycle::decommissioned:
      return "decommissioned";
  }
  return "unknown";
}

template <class T>
boost::json::value word(const attest::Claim<T>& claim) {
  return claim ? boost::json::value(name(*claim)) : boost::json::value(nullptr);
}

boost::json::object hardware(const attest::HardwareIdentity& found) {
  return {
      {"vendor", found.vendor}, {"class", found.anchor_class == attest::AnchorClass::genuine ? "genuine" : "simulated"},
      {"model", found.model},   {"version", found.version},
      {"serial", found.serial}, {"listed_as", to_hex(found.listed_as.get())}};
}

boost::json::array rows(const std::vector<attest::Measurement>& measurements) {
  boost::json::array out;
  for (const auto& measurement : measurements) {
    boost::json::object row{{"component", measurement.component}, {"digest", to_hex(measurement.digest)}};
    if (!measurement.version.empty()) {
      row["version"] = measurement.version;
    }
    if (measurement.svn) {
      row["svn"] = *measurement.svn;
    }
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace

boost::json::object words_of(const attest::Claims& claims) {
  boost::json::object out{{"hardware", hardware(claims.hardware)},
                          {"key", words_of(claims.key)},
                          {"spki_sha256", to_hex(claims.key.spki_sha256().get())},
                          {"binding", name(claims.binding)},
                          {"origin", word(claims.origin)},
                          {"debug", word(claims.debug)},
                          {"lifecycle", word(claims.lifecycle)}};
  out["measurements"] = claims.measurements ? boost::json::value(rows(*claims.measurements)) : nullptr;
  out["freshness"] = claims.freshness ? boost::json::value(to_hex(claims.freshness->get())) : nullptr;
  return out;
}

boost::json::array words_of(const attest::Findings& findings) {
  boost::json::array out;
  for (const auto& finding : findings) {
    out.push_back({{"check", finding.check},
                   {"clause", finding.clause},
                   {"outcome", attest::name(finding.outcome)},
                   {"detail", finding.detail}});
  }
  return out;
}

}  // namespace birthmark::cli
