// SPDX-License-Identifier: Apache-2.0
#include "agent/tpm_operational.h"

#include "agent/tpm_bytes.h"

namespace birthmark::agent::tss {
namespace {

constexpr const char* kOperationalFile = "operational.key";
constexpr const char* kPendingFile = "pending.key";
constexpr std::size_t kBlobBytesMax = 4096;

Result<void> remove_if_there(Files& files, const std::filesystem::path& path) {
  const auto removed = files.remove(path);
  if (!removed && removed.error().code != Code::not_found) {
    return removed;
  }
  return {};
}

}  // namespace

Result<Bytes> OperationalKeys::create_pending() {
  if (directory_.empty()) {
    return fail(Code::storage, "no state directory is set");
  }
  BM_CHECK(files_.make_directory(directory_));
  BM_TRY(const auto parent, storage_root(context_));
  BM_TRY(const auto from, to_tss(operational_template()));
  const TPM2B_SENSITIVE_CREATE no_secret{};
  const TPM2B_DATA no_outside_info{};
  const TPML_PCR_SELECTION no_pcrs{};
  Esys<TPM2B_PRIVATE> wrapped;
  Esys<TPM2B_PUBLIC> area;
  BM_CHECK(
      check(Esys_Create(context_.get(), parent.handle.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &no_secret,
                        &from, &no_outside_info, &no_pcrs, out(wrapped), out(area), nullptr, nullptr, nullptr),
            "TPM2_Create"));
  BM_TRY(auto blob, marshal(Tss2_MU_TPM2B_PUBLIC_Marshal, *area));
  BM_TRY(const auto private_part, marshal(Tss2_MU_TPM2B_PRIVATE_Marshal, *wrapped));
  append(blob, private_part);
  BM_CHECK(write_atomically(files_, directory_ / kPendingFile, blob));
  return public_bytes(*area);
}

Result<Object> OperationalKeys::load(DeviceKey key) {
  if (directory_.empty()) {
    return fail(Code::not_found, "no state directory is set");
  }
  const auto path = directory_ / (key == DeviceKey::pending ? kPendingFile : kOperationalFile);
  BM_TRY(const auto blob, files_.read(path, kBlobBytesMax));
  std::size_t at = 0;
  const auto area = unmarshal(Tss2_MU_TPM2B_PUBLIC_Unmarshal, blob, at);
  const auto wrapped = unmarshal(Tss2_MU_TPM2B_PRIVATE_Unmarshal, blob, at);
  if (!area || !wrapped || at != blob.size()) {
    return fail(Code::storage, "the stored key cannot be read");
  }
  BM_TRY(const auto parent, storage_root(context_));
  ESYS_TR tr = ESYS_TR_NONE;
  const auto rc = Esys_Load(context_.get(), parent.handle.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &*wrapped,
                            &*area, &tr);
  if (refused_input(rc)) {
    return fail(Code::not_found,
                "the stored key belongs to an earlier owner or another chip: " + check(rc, "TPM2_Load").error().detail);
  }
  BM_CHECK(check(rc, "TPM2_Load"));
  Handle handle{context_, tr, Handle::End::flush};
  BM_TRY(auto area_bytes, public_bytes(*area));
  return Object{std::move(handle), std::move(area_bytes)};
}

Result<void> OperationalKeys::adopt_pending() {
  // A key that this owner cannot load must not replace one that works.
  BM_CHECK(load(DeviceKey::pending));
  BM_CHECK(files_.rename(directory_ / kPendingFile, directory_ / kOperationalFile));
  return files_.sync_directory(directory_);
}

Result<void> OperationalKeys::forget() {
  if (directory_.empty()) {
    return {};
  }
  BM_CHECK(files_.make_directory(directory_));
  BM_CHECK(remove_if_there(files_, directory_ / kPendingFile));
  BM_CHECK(remove_if_there(files_, directory_ / kOperationalFile));
  return files_.sync_directory(directory_);
}

}  // namespace birthmark::agent::tss
