// SPDX-License-Identifier: Apache-2.0
#include "agent/program/output.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace birthmark::agent::program {
namespace {

/// What stands at the device itself, where the words of a code speak of a server.
struct Words {
  std::string_view check;
  std::string_view cause;
  std::string_view remedy;
};
constexpr std::array kAtTheDevice{
    Words{"device.tpm", "No TPM answers there.",
          "Check --tcti and the permissions of the TPM's device node, and that no other program holds the TPM."},
    Words{"device.emulator", "No emulator of that kind answers there, or it has no such device.",
          "Start `birthmark-fleet devices`, and take --root from the line that it says when it is ready."},
    Words{"device.element", "No secure element answers there.",
          "Check token, module-path and pin-source of --root, and that the token was made ready for birthmark."},
    Words{"device.root", "The device was born with a root of another kind.",
          "Name the root of its birth by --root, or another state directory by --state."},
    Words{"device.lock", "Another program works on this device: another program of this name holds its state.",
          "Wait until it has ended, or end it."},
    Words{"device.state", "The state directory cannot be used.", "Check --state, its permissions and the disk."},
    Words{"device.birth", "No line has provisioned this device.",
          "Put it on a line: `birthmark-agent provision` here, `birthmark station run` at the station."},
    Words{"device.idevid", "The IDevID key of this device is made of another template.",
          "Leave out --idevid-template: a device keeps the key of its birth."},
    Words{"device.ldevid", "The device has no operational certificate, or an owner clear destroyed its key.",
          "Run `birthmark-agent enroll`; a device that was enrolled before: `birthmark-agent revalidate`."}};

Words words_for(const Error& error) {
  const auto* const at = std::ranges::find(kAtTheDevice, std::string_view{error.check}, &Words::check);
  const auto& row = info(error.code);
  return at != kAtTheDevice.end() ? *at : Words{{}, row.cause, row.remedy};
}

}  // namespace

void print(const boost::json::value& value) {
  std::printf("%s\n", json::write(value).c_str());
  std::fflush(stdout);
}

void print_members(const boost::json::object& object) {
  for (const auto& [name, value] : object) {
    const auto text = value.is_string() ? std::string{value.as_string()} : json::write(value);
    std::printf("%s: %s\n", std::string{name}.c_str(), text.c_str());
  }
}

int complain(const Error& error, bool as_json) {
  const auto& row = info(error.code);
  const auto words = words_for(error);
  const std::string code{row.name};
  const std::string cause{words.cause};
  const std::string remedy{words.remedy};
  if (as_json) {
    print(boost::json::object{
        {"code", code}, {"cause", cause}, {"detail", error.detail}, {"check", error.check}, {"remedy", remedy}});
  }
  std::fprintf(stderr, "birthmark-agent: %s: %s%s%s\ncause: %s\nremedy: %s\n", code.c_str(), error.detail.c_str(),
               error.check.empty() ? "" : " at ", error.check.c_str(), cause.c_str(), remedy.c_str());
  return row.errc == Errc::unavailable ? kEnvironment : kRefused;
}

}  // namespace birthmark::agent::program
