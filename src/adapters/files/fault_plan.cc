// SPDX-License-Identifier: Apache-2.0
#include "adapters/files/fault_plan.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <optional>
#include <thread>
#include <utility>

namespace birthmark {

namespace {

struct Named {
  std::string_view name;
  int error;
};
constexpr std::array kErrors{Named{"EIO", EIO}, Named{"ENOSPC", ENOSPC}, Named{"EDQUOT", EDQUOT},
                             Named{"EROFS", EROFS}};

constexpr std::array<std::string_view, 3> kOpNames{"write", "fsync", "rename"};

std::size_t index_of(DurableOp op) {
  return static_cast<std::size_t>(op);
}

std::optional<int> error_named(std::string_view name) {
  for (const auto& known : kErrors) {
    if (known.name == name) {
      return known.error;
    }
  }
  return std::nullopt;
}

std::optional<DurableOp> op_named(std::string_view name) {
  for (const auto op : {DurableOp::write, DurableOp::fsync, DurableOp::rename}) {
    if (kOpNames.at(index_of(op)) == name) {
      return op;
    }
  }
  return std::nullopt;
}

/// A count from 1.
std::optional<std::uint64_t> ordinal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0) {
    return std::nullopt;
  }
  return value;
}

/// The text before and after the first `mark`; all of it and nothing if there is none.
std::pair<std::string_view, std::optional<std::string_view>> split(std::string_view text, char mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos) {
    return {text, std::nullopt};
  }
  return {text.substr(0, at), text.substr(at + 1)};
}

tl::unexpected<Error> bad(std::string_view word) {
  return fail(Code::bad_request, "fault plan: cannot read \"" + std::string{word} + "\"");
}

}  // namespace

void die_now() {
  ::kill(::getpid(), SIGKILL);
  while (true) {
    ::pause();
  }
}

Result<std::unique_ptr<FaultPlan>> FaultPlan::parse(std::string_view spec) {
  std::unique_ptr<FaultPlan> plan{new FaultPlan};
  std::optional<std::string_view> rest{spec};
  while (rest && !rest->empty()) {
    const auto [word, more] = split(*rest, ',');
    BM_CHECK(plan->add(word));
    rest = more;
  }
  return plan;
}

Result<void> FaultPlan::add(std::string_view word) {
  if (word == "volatile") {
    loses_unsynced_ = true;
    return {};
  }
  if (word == "synchronous=off") {
    synchronous_off_ = true;
    return {};
  }
  const auto [verb, rest] = split(word, '@');
  if (!rest || rest->empty()) {
    return bad(word);
  }
  if (verb == "kill") {
    const auto [point, times] = split(*rest, '#');
    const auto nth = ordinal(times.value_or("1"));
    if (point.empty() || !nth) {
      return bad(word);
    }
    kills_.push_back({std::string{point}, *nth});
    return {};
  }
  if (verb == "hang") {
    const auto [point, path] = split(*rest, ':');
    if (point.empty() || !path || path->empty()) {
      return bad(word);
    }
    hangs_.push_back({std::string{point}, std::string{*path}});
    return {};
  }
  if (verb == "count") {
    BM_TRY(counts_, posix::open(std::string{*rest}, OpenMode::replace, Visibility::owner));
    loses_unsynced_ = true;
    note_counts();
    return {};
  }
  if (verb == "cut") {
    return add_cut(*rest);
  }
  if (verb == "fail") {
    return add_fault(*rest, Verdict::Kind::refuse);
  }
  if (verb == "short") {
    return add_fault(*rest, Verdict::Kind::halve);
  }
  return bad(word);
}

Result<void> FaultPlan::add_cut(std::string_view rest) {
  const auto [number, manner] = split(rest, ':');
  const auto nth = ordinal(number);
  if (!nth || cut_at_ != 0 || (manner && *manner != "torn")) {
    return bad(rest);
  }
  cut_at_ = *nth;
  torn_ = manner.has_value();
  loses_unsynced_ = true;
  return {};
}

Result<void> FaultPlan::add_fault(std::string_view rest, Verdict::Kind kind) {
  const auto [what, reason] = split(rest, ':');
  auto [name, times] = split(what, '#');
  const auto op = op_named(name);
  const bool and_after = times && times->ends_with('+');
  if (and_after) {
    times->remove_suffix(1);
  }
  const auto nth = ordinal(times.value_or("1"));
  const bool halve = kind == Verdict::Kind::halve;
  const auto error = halve && !reason ? std::optional{ENOSPC} : error_named(reason.value_or(""));
  if (!op || !nth || !error || (halve && op != DurableOp::write)) {
    return bad(rest);
  }
  faults_.push_back({*op, *nth, and_after, {kind, *error}});
  return {};
}

void FaultPlan::reached(std::string_view point) {
  std::unique_lock hold{mutex_};
  auto found = points_.find(point);
  if (found == points_.end()) {
    found = points_.emplace(std::string{point}, 0).first;
  }
  ++found->second;
  note_counts();
  for (const auto& kill : kills_) {
    if (kill.point == point && kill.nth == found->second) {
      die_now();
    }
  }
  const auto hang = std::ranges::find(hangs_, point, &Hang::point);
  if (hang == hangs_.end()) {
    return;
  }
  hold.unlock();
  while (::access(hang->path.c_str(), F_OK) == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

Verdict FaultPlan::next(DurableOp op) {
  const std::lock_guard hold{mutex_};
  ++total_;
  const auto nth = ++by_op_.at(index_of(op));
  note_counts();
  if (total_ == cut_at_) {
    return {torn_ ? Verdict::Kind::tear : Verdict::Kind::cut, 0};
  }
  for (const auto& fault : faults_) {
    if (fault.op == op && (fault.nth == nth || (fault.and_after && fault.nth < nth))) {
      return fault.verdict;
    }
  }
  return {};
}

std::uint64_t FaultPlan::operations() const {
  const std::lock_guard hold{mutex_};
  return total_;
}

void FaultPlan::note_counts() {
  if (!counts_.is_open()) {
    return;
  }
  // Rewritten at each event: the process may end in any way and the counts are there. They only grow, so does the text.
  auto text = "operations " + std::to_string(total_) + "\n";
  for (const auto op : {DurableOp::write, DurableOp::fsync, DurableOp::rename}) {
    text += std::string{kOpNames.at(index_of(op))} + " " + std::to_string(by_op_.at(index_of(op))) + "\n";
  }
  for (const auto& [point, times] : points_) {
    text += "point " + point + " " + std::to_string(times) + "\n";
  }
  static_cast<void>(posix::write_all(counts_.get(), 0, as_bytes(text)));
}

}  // namespace birthmark
