// SPDX-License-Identifier: Apache-2.0
#include "cli/pending_seal.h"

#include "cli/station_run.h"

namespace birthmark::cli {
namespace {

constexpr std::size_t kStatementMax = std::size_t{64} * 1024;

}  // namespace

Result<PendingSeal> PendingSeal::of(Files& files, const std::filesystem::path& directory, const DeviceId& device) {
  BM_TRY(auto file, KeptFile::of(files, directory / (to_hex(device.get()) + ".seal"), kStatementMax));
  PendingSeal pending{std::move(file)};
  if (const auto& text = pending.file_.content()) {
    auto value = json::read(BytesView{*text});
    if (!value || !value->is_object()) {
      return fail(pending.file_.damaged("holds no seal statement"));
    }
    pending.statement_ = std::move(value->as_object());
  }
  return pending;
}

Result<boost::json::object> PendingSeal::settle(const Make& make, const HandIn& hand_in) {
  if (statement_) {
    auto answer = hand_in_kept(hand_in);
    // A refusal is of its challenge, which has ended, or of what was seen then: look again.
    if (answer || passes(answer.error())) {
      return answer;
    }
  }
  BM_TRY(auto statement, make());
  BM_CHECK(file_.keep(as_bytes(json::write(statement))));
  statement_ = std::move(statement);
  return hand_in_kept(hand_in);
}

Result<boost::json::object> PendingSeal::hand_in_kept(const HandIn& hand_in) {
  auto answer = hand_in(*statement_);
  if (answer || !passes(answer.error())) {
    BM_CHECK(forget());
  }
  return answer;
}

Result<void> PendingSeal::forget() {
  statement_.reset();
  return file_.forget();
}

}  // namespace birthmark::cli
