// SPDX-License-Identifier: Apache-2.0
#include "attest/dice_claims.h"

#include <algorithm>
#include <set>
#include <utility>

#include "codec/dice.h"

namespace birthmark::attest {
namespace {

constexpr std::uint32_t kMustReport = dice::flag::not_configured | dice::flag::not_secure | dice::flag::debug;
/// A unit in recovery is not at work either; but many layers do not say.
constexpr std::uint32_t kMustBeClear = kMustReport | dice::flag::recovery;

bool printable(BytesView text) {
  return !text.empty() && std::ranges::all_of(text, [](std::uint8_t c) { return c > 0x20 && c < 0x7F; });
}

/// What all certificates say of debug, put together.
class DebugReports {
 public:
  explicit DebugReports(LayerReports rule) : rule_{rule} {}

  /// @param certificate_reported of the TCBs of one certificate together
  void add(std::uint32_t certificate_reported, std::uint32_t set) {
    any_ = true;
    all_reported_ = all_reported_ && (certificate_reported & kMustReport) == kMustReport;
    reported_ |= certificate_reported;
    set_ |= set;
  }
  [[nodiscard]] Claim<DebugState> claim() const {
    if ((set_ & kMustBeClear) != 0) {
      return DebugState::enabled;
    }
    const bool enough = rule_ == LayerReports::every_layer ? all_reported_ : (reported_ & kMustReport) == kMustReport;
    return any_ && enough ? Claim<DebugState>{DebugState::disabled} : std::nullopt;
  }

 private:
  LayerReports rule_;
  bool any_ = false, all_reported_ = true;
  std::uint32_t reported_ = 0, set_ = 0;
};

std::string component_of(const dice::TcbInfo& info, std::size_t place) {
  if (info.type && printable(*info.type)) {
    return std::string{as_text(*info.type)};
  }
  if (!info.layer) {
    return "certificate " + std::to_string(place);
  }
  const auto layer = "layer " + std::to_string(*info.layer);
  return info.index ? layer + " index " + std::to_string(*info.index) : layer;
}

void add_digests(std::vector<Measurement>& out, const std::string& component, const std::vector<dice::Fwid>& fwids,
                 const dice::TcbInfo& info) {
  for (std::size_t i = 0; i < fwids.size(); ++i) {
    out.push_back({.component = i == 0 ? component : component + " fwid " + std::to_string(i + 1),
                   .digest = fwids[i].digest,
                   .version = info.version.value_or(""),
                   .signer = {},
                   .svn = info.svn});
  }
}

void add_tcb(LayerClaims& out, const dice::TcbInfo& info, std::size_t place) {
  const auto component = component_of(info, place);
  add_digests(out.measurements, component, info.fwids, info);
  for (const auto& one : info.integrity_registers) {
    const auto name = one.name.value_or(one.number ? std::to_string(*one.number) : "");
    add_digests(out.measurements, component + " register " + name, one.digests, info);
  }
  // Only the lowest layer names the hardware: what a layer above says is said by a layer that may be an attacker's, and
  // would choose the reference values that it is compared with.
  if (!std::exchange(out.named, true)) {
    out.vendor = info.vendor;
    out.model = info.model;
    out.version = info.version;
  }
}

void add_open(LayerClaims& out, const dice::OpenInput& input, std::size_t place) {
  const auto component = "certificate " + std::to_string(place);
  const auto add = [&](const std::optional<Bytes>& digest, const char* what) {
    if (digest) {
      out.measurements.push_back({.component = component + what, .digest = *digest});
    }
  };
  add(input.code_hash, " code");
  add(input.configuration_hash, " configuration");
  add(input.authority_hash, " authority");
}

/// What the Open Profile says in either form. A CBOR certificate that says nothing is of a device key.
Result<std::optional<dice::OpenInput>> open_input_of(const DiceLayer& layer) {
  if (!layer.open) {
    return dice::open_input(layer.extensions());
  }
  const auto& input = layer.open->says.input;
  return input == dice::OpenInput{} ? std::optional<dice::OpenInput>{} : std::optional{input};
}

Result<void> add_certificate(LayerClaims& out, DebugReports& debug, const DiceLayer& layer, std::size_t place) {
  const auto extensions = layer.extensions();
  BM_TRY(const auto infos, dice::tcb_infos(extensions));
  BM_TRY(const auto input, open_input_of(layer));
  BM_TRY(const auto ueid, dice::ueid(extensions));
  std::uint32_t reported = 0, set = 0;
  for (const auto& info : infos) {
    add_tcb(out, info, place);
    reported |= info.reported_flags();
    set |= info.set_flags();
  }
  if (input) {
    add_open(out, *input, place);
    const auto mode = input->mode_said();
    reported |= mode ? kMustReport : 0;
    set |= mode && *mode != dice::Mode::normal ? dice::flag::not_configured : 0;
  }
  if (!infos.empty() || input) {
    debug.add(reported, set);
  }
  if (out.ueid.empty() && ueid) {
    out.ueid = *ueid;
  }
  return {};
}

}  // namespace

Result<LayerClaims> read_layers(const std::vector<const DiceLayer*>& chain, LayerReports reports) {
  LayerClaims out;
  DebugReports debug{reports};
  for (std::size_t place = 0; place < chain.size(); ++place) {
    BM_CHECK(add_certificate(out, debug, *chain[place], place));
  }
  std::set<std::string_view> names;
  for (const auto& measurement : out.measurements) {
    if (!names.insert(measurement.component).second) {
      return fail(Code::bad_evidence, "\"" + measurement.component + "\" is measured twice");
    }
  }
  out.debug = debug.claim();
  return out;
}

}  // namespace birthmark::attest
