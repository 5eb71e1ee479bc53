// SPDX-License-Identifier: Apache-2.0
#include "flow/history.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include "audit/tile.h"
#include "codec/x509.h"
#include "crypto/hash.h"

namespace birthmark::test {
namespace {

using audit::Entry;
using audit::EntryKind;

/// Design §3 rule 4, written down a second time.
constexpr std::array<std::pair<unsigned, unsigned>, 13> kMoves{
    {{0, 1}, {0, 6}, {1, 2}, {1, 6}, {2, 3}, {2, 5}, {3, 4}, {3, 5}, {3, 6}, {4, 3}, {4, 5}, {4, 6}, {5, 6}}};

std::string short_id(const DeviceId& device) {
  return "device " + to_hex(BytesView{device.get()}.first(6));
}

std::string serial_text(const Serial& serial) {
  return to_hex(serial.get());
}

std::string state_name(unsigned state) {
  return "S" + std::to_string(state);
}

unsigned state_of(const boost::json::value& text) {
  const std::string_view name = text.as_string();
  if (name.size() != 2 || name[0] != 'S' || name[1] < '0' || name[1] > '6') {
    throw std::runtime_error{"no state: " + std::string{name}};
  }
  return static_cast<unsigned>(name[1] - '0');
}

Answer asked(Caller& caller, const std::string& target) {
  auto answer = caller.get(target);
  if (!answer.ok()) {
    throw std::runtime_error{target + ": " + answer.words()};
  }
  return answer;
}

/// The size that a checkpoint names: its second line (C2SP tlog-checkpoint).
std::uint64_t size_of(const std::string& note) {
  const auto line = note.find('\n') + 1;
  std::uint64_t size = 0;
  std::from_chars(note.data() + line, note.data() + note.size(), size);
  return size;
}

std::vector<Entry> read_log(const Server& server) {
  Caller open{server, Listener::open, nullptr};
  const auto size = size_of(asked(open, "/log/checkpoint").body);
  std::vector<Entry> out;
  while (out.size() < size) {
    const auto name = must(audit::tile_at(audit::TileKind::entries, 0, out.size(), size));
    const auto bundle = asked(open, "/log/" + audit::path_of(name)).body;
    for (const auto entry : must(audit::read_entry_bundle(as_bytes(bundle), name.width))) {
      out.push_back(must(audit::read_entry(entry)));
    }
  }
  return out;
}

View::Device read_device(Operator& people, const DeviceId& id) {
  const auto body = asked(people.caller, "/v1/devices/" + to_hex(id.get())).json();
  View::Device out{.state = state_of(body.at("state"))};
  for (const auto& row : body.at("certificates").as_array()) {
    out.certificates[std::string{row.at("serial").as_string()}] = row.at("registered").as_bool();
  }
  return out;
}

std::map<DeviceId, View::Device> read_devices(Operator& people) {
  std::map<DeviceId, View::Device> out;
  std::string target = "/v1/devices";
  while (true) {
    const auto page = asked(people.caller, target).json();
    for (const auto& row : page.at("devices").as_array()) {
      const DeviceId id{octets<32>(from_hex(std::string_view{row.at("device").as_string()}).value()).value()};
      out[id] = read_device(people, id);
    }
    const auto* const next = page.if_contains("next");
    if (next == nullptr) {
      return out;
    }
    target = "/v1/devices?after=" + std::to_string(next->to_number<std::uint64_t>());
  }
}

std::string verify(const Server& server, const std::vector<std::string>& kept) {
  const TempDir directory;
  std::vector<std::filesystem::path> witnesses;
  for (const auto& note : kept) {
    witnesses.push_back(directory / ("kept-" + std::to_string(witnesses.size())));
    std::ofstream{witnesses.back()} << note;
  }
  const auto verified = server.audit_verify(witnesses);
  return verified.exit_code == 0 ? std::string{} : "audit verify: " + verified.err + verified.out;
}

}  // namespace

View look(const Server& server, Operator& people, const std::vector<std::string>& kept_checkpoints) {
  View view;
  view.log = read_log(server);
  view.devices = read_devices(people);
  const auto batches = asked(people.caller, "/v1/batches").json();
  for (const auto& row : batches.at("batches").as_array()) {
    const auto number = [&row](std::string_view name) { return row.at(name).to_number<std::uint64_t>(); };
    view.batches[std::string{row.at("batch").as_string()}] = {number("quantity"), number("issued"), number("reserved")};
  }
  view.log_wrong = verify(server, kept_checkpoints);
  return view;
}

// --- notes ---

History::Moment History::now() {
  const std::scoped_lock lock{mutex_};
  return ++moment_;
}

void History::issued(const DeviceId& device, BytesView certificate) {
  const std::scoped_lock lock{mutex_};
  devices_[device].certificates.push_back(to_bytes(certificate));
}

void History::in_state(const DeviceId& device, unsigned state) {
  const std::scoped_lock lock{mutex_};
  devices_[device].states.push_back({++moment_, state});
}

void History::admitted(const DeviceId& device, Moment begun) {
  const std::scoped_lock lock{mutex_};
  devices_[device].admitted.push_back({begun, ++moment_});
}

void History::restoring(const DeviceId& device) {
  const std::scoped_lock lock{mutex_};
  devices_[device].restoring.push_back(++moment_);
}

void History::checkpoint(std::string note) {
  const std::scoped_lock lock{mutex_};
  checkpoints_.push_back(std::move(note));
}

void History::surprise(std::string words) {
  const std::scoped_lock lock{mutex_};
  surprises_.push_back(std::move(words));
}

std::vector<std::string> History::checkpoints() const {
  const std::scoped_lock lock{mutex_};
  return checkpoints_;
}

std::size_t History::acknowledged() const {
  const std::scoped_lock lock{mutex_};
  std::size_t count = 0;
  for (const auto& [device, notes] : devices_) {
    count += notes.certificates.size() + notes.states.size() + notes.admitted.size();
  }
  return count;
}

// --- judgement ---

/// What the log says, by serial and by device.
struct History::LogFacts {
  struct Certificate {
    Digest spki;
    std::optional<Digest> registered;  ///< SHA-256 of the certificate
    bool orphaned = false;
  };
  std::map<Serial, Certificate> certificates{};
  std::map<DeviceId, std::vector<unsigned>> paths{};  ///< states in order, S0 first
};

void History::judge_log(const View& view, LogFacts& facts, std::vector<std::string>& out) {
  std::uint64_t epoch = 0;
  for (std::size_t index = 0; index < view.log.size(); ++index) {
    const auto& entry = view.log[index];
    const auto say = [&](const std::string& words) {
      out.push_back("log entry " + std::to_string(index) + ": " + words);
    };
    if (entry.epoch < epoch) {
      say("the epoch goes back from " + std::to_string(epoch) + " to " + std::to_string(entry.epoch));
    }
    epoch = std::max(epoch, entry.epoch);
    if (entry.kind == EntryKind::intent_recorded) {
      const LogFacts::Certificate intent{.spki = entry.spki_hash.value_or(Digest{}), .registered = {}};
      if (!facts.certificates.emplace(*entry.serial, intent).second) {
        say("serial " + serial_text(*entry.serial) + " is used twice");
      }
    }
    if (entry.kind == EntryKind::certificate_registered || entry.kind == EntryKind::intent_orphaned) {
      const auto at = facts.certificates.find(*entry.serial);
      if (at == facts.certificates.end()) {
        say("signed without a recorded intent: " + serial_text(*entry.serial));
      } else if (at->second.registered || at->second.orphaned) {
        say("an intent that had ended ends again: " + serial_text(*entry.serial));
      } else if (entry.kind == EntryKind::intent_orphaned) {
        at->second.orphaned = true;
      } else {
        at->second.registered = entry.subject_hash.value_or(Digest{});
      }
    }
    if (entry.kind == EntryKind::transition) {
      auto& path = facts.paths.try_emplace(*entry.device, std::vector<unsigned>{0}).first->second;
      const std::pair<unsigned, unsigned> move{*entry.state_from, *entry.state_to};
      if (path.back() != move.first || std::ranges::find(kMoves, move) == kMoves.end()) {
        say(short_id(*entry.device) + " in " + state_name(path.back()) + " moves " + state_name(move.first) + " to " +
            state_name(move.second));
      }
      path.push_back(move.second);
    }
  }
}

void History::judge_end(const View& view, const LogFacts& facts, std::vector<std::string>& out) {
  for (const auto& [serial, certificate] : facts.certificates) {
    if (!certificate.registered && !certificate.orphaned) {
      out.push_back("an intent was left behind: " + serial_text(serial));
    }
  }
  for (const auto& [id, device] : view.devices) {
    const auto path = facts.paths.find(id);
    const auto logged = path == facts.paths.end() ? 0U : path->second.back();
    if (device.state != logged) {
      out.push_back(short_id(id) + " is in " + state_name(device.state) + ", the log says " + state_name(logged));
    }
  }
  for (const auto& [id, path] : facts.paths) {
    if (!view.devices.contains(id)) {
      out.push_back(short_id(id) + " is in the log and nowhere else");
    }
  }
  for (const auto& [name, batch] : view.batches) {
    if (batch.issued > batch.quantity || batch.reserved != 0) {
      out.push_back("batch " + name + ": " + std::to_string(batch.issued) + " issued and " +
                    std::to_string(batch.reserved) + " reserved of " + std::to_string(batch.quantity));
    }
  }
}

void History::judge_certificates(const DeviceId& device, const Notes& notes, const View& view, const LogFacts& facts,
                                 std::vector<std::string>& out) {
  const auto seen = view.devices.find(device);
  for (const auto& der : notes.certificates) {
    const auto certificate = must(x509::Certificate::read(der));
    const Serial serial{octets<16>(certificate.serial()).value()};
    const auto words = short_id(device) + ", certificate " + serial_text(serial);
    const auto at = facts.certificates.find(serial);
    if (at == facts.certificates.end()) {
      out.push_back(words + ": given out, and no intent is in the log");
      continue;
    }
    if (at->second.spki != crypto::sha256(certificate.spki())) {
      out.push_back(words + ": given out for another key than intended");
    }
    if (at->second.registered != crypto::sha256(der)) {
      out.push_back(words + (at->second.registered ? ": another certificate of this serial is registered"
                                                   : ": given out and not registered in the log"));
    }
    const bool known = seen != view.devices.end() && seen->second.certificates.contains(serial_text(serial)) &&
                       seen->second.certificates.at(serial_text(serial));
    if (!known) {
      out.push_back(words + ": given out, and the registry does not have it");
    }
  }
}

void History::judge_states(const DeviceId& device, const Notes& notes, const LogFacts& facts,
                           std::vector<std::string>& out) {
  const auto logged = facts.paths.find(device);
  const auto path = logged == facts.paths.end() ? std::vector<unsigned>{0} : logged->second;
  auto from = path.begin();
  for (const auto& told : notes.states) {
    // The same state may be told often, so the search stays where it was found.
    const auto found = std::find(from, path.end(), told.state);
    if (found == path.end()) {
      std::string way;
      for (const auto state : path) {
        way += " " + state_name(state);
      }
      out.push_back(short_id(device) + " was said to be in " + state_name(told.state) + ", which is lost:" + way);
      return;
    }
    from = found;
  }
}

void History::judge_admitted(const DeviceId& device, const Notes& notes, std::vector<std::string>& out) {
  for (const auto& admitted : notes.admitted) {
    const Told* latest = nullptr;
    for (const auto& told : notes.states) {
      if (told.at < admitted.begun) {
        latest = &told;
      }
    }
    if (latest == nullptr || latest->state < 4) {
      continue;
    }
    const bool restored = latest->state == 4 && std::ranges::any_of(notes.restoring, [&](Moment moment) {
                            return moment > latest->at && moment < admitted.told;
                          });
    if (!restored) {
      out.push_back(short_id(device) + " was admitted after it was said to be in " + state_name(latest->state));
    }
  }
}

std::vector<std::string> History::broken(const View& view) const {
  const std::scoped_lock lock{mutex_};
  auto out = surprises_;
  if (!view.log_wrong.empty()) {
    out.push_back(view.log_wrong);
  }
  LogFacts facts;
  judge_log(view, facts, out);
  judge_end(view, facts, out);
  std::map<Serial, Bytes> given;
  for (const auto& [device, notes] : devices_) {
    judge_certificates(device, notes, view, facts, out);
    judge_states(device, notes, facts, out);
    judge_admitted(device, notes, out);
    for (const auto& der : notes.certificates) {
      const Serial serial{octets<16>(must(x509::Certificate::read(der)).serial()).value()};
      if (given.try_emplace(serial, der).first->second != der) {
        out.push_back("two certificates of serial " + serial_text(serial) + " were given out");
      }
    }
  }
  return out;
}

}  // namespace birthmark::test
