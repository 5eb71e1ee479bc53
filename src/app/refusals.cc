// SPDX-License-Identifier: Apache-2.0
#include "app/refusals.h"

#include <algorithm>
#include <vector>

namespace birthmark::app {
namespace {

/// Audit text is plain: what a stranger sent is quoted without control characters.
std::string plain(std::string_view text, std::size_t bytes_max) {
  std::string out;
  for (const char c : text.substr(0, bytes_max)) {
    out.push_back(c >= 0x20 && c < 0x7F ? c : '?');
  }
  return out;
}

/// With a store that hangs: a refusal is answered all the same, and counted.
constexpr std::chrono::milliseconds kPatience{1000};
constexpr const char* kOthers = "others";

}  // namespace

void Refusals::begin_minute() {
  const auto now = std::chrono::floor<std::chrono::minutes>(clock_.ticks()).time_since_epoch().count();
  if (now == minute_) {
    return;
  }
  end_minute();
  minute_ = now;
  own_.clear();
}

/// Callers with a certificate are few and known; of strangers the busiest keep their names.
void Refusals::end_minute() {
  std::vector<const Counts::value_type*> strangers;
  for (const auto& line : pending_) {
    if (line.first.stranger) {
      strangers.push_back(&line);
    }
  }
  const auto named = std::min(strangers.size(), kStrangersPerMinute);
  std::ranges::partial_sort(strangers, strangers.begin() + static_cast<std::ptrdiff_t>(named), std::ranges::greater{},
                            [](const auto* line) { return line->second; });
  for (const auto& [key, count] : pending_) {
    if (!key.stranger) {
      past_[key] += count;
    }
  }
  for (std::size_t i = 0; i < strangers.size(); ++i) {
    const auto& [key, count] = *strangers[i];
    const bool by_name = i < named && (past_.size() < kAggregatesMax || past_.contains(key));
    past_[by_name ? key : Key{key.code, true, kOthers}] += count;
  }
  pending_.clear();
}

void Refusals::note(const Refusal& refusal) {
  bool own_entry = false;
  {
    const std::scoped_lock lock{mutex_};
    ++totals_.at(static_cast<std::size_t>(refusal.code));
    begin_minute();
    own_entry = refusal.caller && own_[*refusal.caller]++ < kOwnEntriesPerMinute;
    if (!own_entry) {
      add_pending(refusal);
    }
  }
  if (!own_entry) {
    return;
  }
  audit::Entry entry{.kind = audit::EntryKind::refusal,
                     .at = clock_.now(),
                     .epoch = store_.epoch().get(),
                     .device = refusal.device,
                     .subject_hash = refusal.caller,
                     .actor = plain("peer:" + refusal.source, 128),
                     .refusal = refusal.code,
                     .reason = plain(refusal.path + " " + refusal.detail, 256)};
  if (refusal.move) {
    entry.state_from = refusal.move->from;
    entry.state_to = refusal.move->to;
  }
  const auto written = store_.write_within(kPatience, [entry, alarming = refusal.alarming](Tx& tx) -> Result<void> {
    BM_CHECK(tx.audit(entry));
    if (!alarming) {
      return {};
    }
    auto incident = entry;
    incident.kind = audit::EntryKind::incident;
    return without_value(tx.audit(incident));
  });
  if (!written) {
    const std::scoped_lock lock{mutex_};
    add_pending(refusal);
  }
}

void Refusals::add_pending(const Refusal& refusal) {
  begin_minute();
  Key key{refusal.code, !refusal.caller, refusal.caller ? to_hex(refusal.caller->get()).substr(0, 32) : refusal.source};
  if (pending_.size() >= kAggregatesMax && !pending_.contains(key)) {
    key.who = kOthers;
  }
  ++pending_[key];
}

void Refusals::count(const Refusal& refusal) {
  const std::scoped_lock lock{mutex_};
  ++totals_.at(static_cast<std::size_t>(refusal.code));
  add_pending(refusal);
}

Result<void> Refusals::flush(Minutes minutes) {
  Counts taken;
  {
    const std::scoped_lock lock{mutex_};
    begin_minute();
    if (minutes == Minutes::all) {
      end_minute();
    }
    taken.swap(past_);
  }
  if (taken.empty()) {
    return {};
  }
  auto written = store_.write([&](Tx& tx) -> Result<void> {
    for (const auto& [key, count] : taken) {
      BM_CHECK(tx.audit({.kind = audit::EntryKind::refusals_aggregated,
                         .at = clock_.now(),
                         .epoch = store_.epoch().get(),
                         .actor = plain("peer:" + key.who, 128),
                         .refusal = key.code,
                         .count = count}));
    }
    return {};
  });
  if (!written) {
    const std::scoped_lock lock{mutex_};
    for (const auto& [key, count] : taken) {
      past_[key] += count;
    }
  }
  return written;
}

Refusals::Totals Refusals::totals() const {
  const std::scoped_lock lock{mutex_};
  return totals_;
}

}  // namespace birthmark::app
