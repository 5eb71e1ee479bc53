// SPDX-License-Identifier: Apache-2.0
#include "agent/program/root_address.h"

#include "agent/device/platform.h"
#include "agent/emulated/emulated_root.h"

namespace birthmark::agent::program {

Result<RootAddress> parse_root_address(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) {
    return fail(Code::bad_request, "a root is tpm:TCTI, psa:SOCKET or dice:SOCKET");
  }
  RootAddress out{std::string{text.substr(0, colon)}, std::string{text.substr(colon + 1)}};
  if (out.kind == "psa" || out.kind == "dice") {
    BM_CHECK(parse_emulated_address(out.place));
    return out;
  }
  return out.kind == "tpm" ? Result<RootAddress>{std::move(out)}
                           : fail(Code::bad_request, "no root of kind \"" + out.kind + "\": tpm, psa or dice");
}

bool is_simulated(const RootAddress& address) {
  return address.kind == "tpm" ? is_software_tpm(address.place) : true;
}

}  // namespace birthmark::agent::program
