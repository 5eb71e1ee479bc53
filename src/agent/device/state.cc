// SPDX-License-Identifier: Apache-2.0
#include "agent/device/state.h"

#include <algorithm>

#include "agent/link/fields.h"
#include "codec/cbor.h"
#include "crypto/hash.h"

namespace birthmark::agent {
namespace {

constexpr const char* kBirthFile = "birth.cbor";
constexpr const char* kIdevidFile = "idevid-template.cbor";
constexpr const char* kRootFile = "root-kind.cbor";
constexpr const char* kCredentialFile = "credential.cbor";
constexpr const char* kProofsFile = "log-proofs.cbor";
constexpr const char* kTimeFile = "time-floor.cbor";
constexpr const char* kFuseFile = "debug-fuse.cbor";
constexpr const char* kRetirementFile = "retirement.cbor";
constexpr std::size_t kFileMaxBytes = std::size_t{64} * 1024;
constexpr std::chrono::minutes kFloorStep{1};
constexpr std::uint64_t kLatestMs = 253402300799000;  // kNoEnd

using link::Fields;

// Members of credential.cbor: a certificate, and at the next key its chain.
constexpr std::uint64_t kOperational = 1, kStaged = 3;

Bytes write_credentials_file(const std::optional<Credential>& operational, const std::optional<Credential>& staged) {
  cbor::Writer out;
  out.map((operational ? 2U : 0U) + (staged ? 2U : 0U));
  const auto put = [&out](std::uint64_t key, const Credential& credential) {
    out.unsigned_int(key).bytes(credential.certificate).unsigned_int(key + 1).array(credential.chain.size());
    for (const auto& certificate : credential.chain) {
      out.bytes(certificate);
    }
  };
  if (operational) {
    put(kOperational, *operational);
  }
  if (staged) {
    put(kStaged, *staged);
  }
  return out.finish();
}

Result<std::optional<Credential>> read_credential(Fields& in, std::uint64_t key) {
  BM_TRY(const bool there, in.has(key));
  if (!there) {
    return std::optional<Credential>{};
  }
  Credential out;
  BM_TRY(out.certificate, in.bytes(key, link::kCertificateMaxBytes));
  BM_TRY(out.chain, in.list(key + 1, link::kChainMax, link::kCertificateMaxBytes));
  return std::optional{std::move(out)};
}

struct CredentialsFile {
  std::optional<Credential> operational;
  std::optional<Credential> staged;
};
Result<CredentialsFile> read_credentials_file(BytesView bytes) {
  BM_TRY(auto in, Fields::open(bytes));
  CredentialsFile out;
  BM_TRY(out.operational, read_credential(in, kOperational));
  BM_TRY(out.staged, read_credential(in, kStaged));
  BM_CHECK(in.finish());
  return out;
}

// Members of log-proofs.cbor: the certificate's hash, and at the next two keys its entry and its proof.
constexpr std::uint64_t kProofMembers = 3;

Bytes write_proofs_file(const std::vector<LogProof>& proofs) {
  cbor::Writer out;
  out.map(proofs.size() * kProofMembers);
  std::uint64_t key = 1;
  for (const auto& proof : proofs) {
    out.unsigned_int(key).bytes(proof.certificate.get()).unsigned_int(key + 1).bytes(proof.entry);
    out.unsigned_int(key + 2).text(proof.text);
    key += kProofMembers;
  }
  return out.finish();
}

Result<std::vector<LogProof>> read_proofs_file(BytesView bytes) {
  BM_TRY(auto in, Fields::open(bytes));
  std::vector<LogProof> out;
  for (std::uint64_t key = 1;; key += kProofMembers) {
    BM_TRY(const bool more, in.has(key));
    if (!more) {
      break;
    }
    BM_TRY(const auto certificate, in.id<Digest>(key));
    BM_TRY(auto entry, in.bytes(key + 1, kLogEntryMaxBytes));
    BM_TRY(auto text, in.text(key + 2, kLogProofMaxBytes));
    out.push_back({certificate, std::move(entry), std::move(text)});
  }
  BM_CHECK(in.finish());
  return out;
}

Result<Instant> read_floor(BytesView bytes) {
  BM_TRY(auto in, Fields::open(bytes));
  BM_TRY(const auto ms, in.number(1, kLatestMs));
  BM_CHECK(in.finish());
  return from_ms(static_cast<std::int64_t>(ms));
}

Result<RetirementReceipt> read_receipt(BytesView bytes) {
  BM_TRY(auto in, Fields::open(bytes));
  RetirementReceipt out;
  BM_TRY(out.statement, in.bytes(1, link::kBlobMaxBytes));
  BM_TRY(out.signature, in.bytes(2, link::kBlobMaxBytes));
  BM_CHECK(in.finish());
  return out;
}

Result<IdevidTemplate> read_idevid_template(BytesView bytes) {
  BM_TRY(auto in, Fields::open(bytes));
  BM_TRY(const auto name, in.text(1, link::kTextMaxBytes));
  BM_CHECK(in.finish());
  const auto named = idevid_template_named(name);
  return named ? Result<IdevidTemplate>{*named} : fail(Code::bad_request, "unknown template");
}

Result<std::string> read_root_kind(BytesView bytes) {
  BM_TRY(auto in, Fields::open(bytes));
  BM_TRY(auto kind, in.text(1, link::kTextMaxBytes));
  BM_CHECK(in.finish());
  return kind;
}

/// The file is what the device itself wrote: anything else is damage, not a bad request.
template <class T>
Result<T> own(Result<T> read, const char* file) {
  return read ? std::move(read)
              : Result<T>{fail(Code::storage, std::string{file} + " is damaged: " + read.error().detail)};
}

Result<link::InstallRequest> read_birth(BytesView bytes) {
  BM_TRY(auto request, link::read_request(bytes));
  auto* const birth = std::get_if<link::InstallRequest>(&request.body);
  return birth != nullptr ? Result<link::InstallRequest>{std::move(*birth)}
                          : fail(Code::bad_request, "another message");
}

}  // namespace

Result<std::unique_ptr<DeviceState>> DeviceState::open(Files& files, std::filesystem::path directory) {
  BM_CHECK(files.make_directory(directory));
  std::unique_ptr<DeviceState> state{new DeviceState{files, std::move(directory)}};
  BM_CHECK(state->load());
  return state;
}

Result<std::unique_ptr<FileLock>> DeviceState::lock(Files& files, const std::filesystem::path& directory) {
  BM_CHECK(files.make_directory(directory));
  return files.lock(directory / "lock");
}

std::filesystem::path DeviceState::key_directory(const std::filesystem::path& directory) {
  return directory / "keys";
}

Result<std::optional<Bytes>> DeviceState::read(const char* name) {
  auto bytes = files_.read(directory_ / name, kFileMaxBytes);
  if (bytes) {
    return std::optional{std::move(*bytes)};
  }
  return bytes.error().code == Code::not_found ? Result<std::optional<Bytes>>{std::nullopt}
                                               : fail(std::move(bytes).error());
}

Result<void> DeviceState::load() {
  BM_TRY(const auto birth, read(kBirthFile));
  if (birth) {
    BM_TRY(birth_, own(read_birth(*birth), kBirthFile));
  }
  BM_TRY(const auto idevid, read(kIdevidFile));
  if (idevid) {
    BM_TRY(idevid_template_, own(read_idevid_template(*idevid), kIdevidFile));
  }
  BM_TRY(const auto root, read(kRootFile));
  if (root) {
    BM_TRY(root_kind_, own(read_root_kind(*root), kRootFile));
  }
  BM_TRY(const auto credentials, read(kCredentialFile));
  if (credentials) {
    BM_TRY(auto both, own(read_credentials_file(*credentials), kCredentialFile));
    operational_ = std::move(both.operational);
    staged_ = std::move(both.staged);
  }
  BM_TRY(const auto proofs, read(kProofsFile));
  if (proofs) {  // damaged, they are fetched again: a device works without
    log_proofs_ = read_proofs_file(*proofs).value_or(std::vector<LogProof>{});
  }
  BM_TRY(const auto floor, read(kTimeFile));
  if (floor) {
    BM_TRY(floor_, own(read_floor(*floor), kTimeFile));
    floor_written_ = floor_;
  }
  BM_TRY(const auto fuse, read(kFuseFile));
  fused_ = fuse.has_value();
  BM_TRY(const auto retirement, read(kRetirementFile));
  if (retirement) {
    BM_TRY(retirement_, own(read_receipt(*retirement), kRetirementFile));
  }
  return {};
}

Result<void> DeviceState::install(const link::InstallRequest& birth) {
  BM_CHECK(write_atomically(files_, directory_ / kBirthFile, link::write(link::Request{0, birth})));
  birth_ = birth;
  return {};
}

Result<void> DeviceState::note_root_kind(std::string_view kind) {
  if (root_kind_ == kind) {
    return {};
  }
  cbor::Writer out;
  out.map(1).unsigned_int(1).text(kind);
  BM_CHECK(write_atomically(files_, directory_ / kRootFile, out.finish()));
  root_kind_ = std::string{kind};
  return {};
}

Result<void> DeviceState::note_idevid_template(IdevidTemplate made_of) {
  if (idevid_template_ == made_of) {
    return {};
  }
  cbor::Writer out;
  out.map(1).unsigned_int(1).text(row_of(made_of).name);
  BM_CHECK(write_atomically(files_, directory_ / kIdevidFile, out.finish()));
  idevid_template_ = made_of;
  return {};
}

Result<void> DeviceState::write_credentials(std::optional<Credential> operational, std::optional<Credential> staged) {
  BM_CHECK(write_atomically(files_, directory_ / kCredentialFile, write_credentials_file(operational, staged)));
  operational_ = std::move(operational);
  staged_ = std::move(staged);
  return {};
}

Result<void> DeviceState::stage(Credential next) {
  return write_credentials(operational_, std::move(next));
}

Result<void> DeviceState::promote() {
  return staged_ ? write_credentials(staged_, std::nullopt) : Result<void>{fail(Code::not_found, "nothing is staged")};
}

Result<void> DeviceState::unstage() {
  return staged_ ? write_credentials(operational_, std::nullopt) : Result<void>{};
}

Result<void> DeviceState::drop_credentials() {
  return operational_ || staged_ ? write_credentials(std::nullopt, std::nullopt) : Result<void>{};
}

const LogProof* DeviceState::log_proof(BytesView certificate) const {
  const auto found = std::ranges::find(log_proofs_, crypto::sha256(certificate), &LogProof::certificate);
  return found != log_proofs_.end() ? &*found : nullptr;
}

Result<void> DeviceState::keep(LogProof proof) {
  std::vector<LogProof> kept;
  const auto keep_other = [&](BytesView certificate) {
    const auto* const present = log_proof(certificate);
    if (present != nullptr && present->certificate != proof.certificate) {
      kept.push_back(*present);
    }
  };
  if (birth_) {
    keep_other(birth_->idevid);
  }
  if (operational_) {
    keep_other(operational_->certificate);
  }
  kept.push_back(std::move(proof));
  BM_CHECK(write_atomically(files_, directory_ / kProofsFile, write_proofs_file(kept)));
  log_proofs_ = std::move(kept);
  return {};
}

Result<void> DeviceState::raise_time_floor(Instant to) {
  if (to <= floor_) {
    return {};
  }
  if (to >= floor_written_ + kFloorStep) {
    cbor::Writer out;
    out.map(1).unsigned_int(1).unsigned_int(static_cast<std::uint64_t>(to_ms(to)));
    BM_CHECK(write_atomically(files_, directory_ / kTimeFile, out.finish()));
    floor_written_ = to;
  }
  floor_ = to;
  return {};
}

Result<void> DeviceState::fuse() {
  if (fused_) {
    return {};
  }
  cbor::Writer out;
  out.map(1).unsigned_int(1).boolean(true);
  BM_CHECK(write_atomically(files_, directory_ / kFuseFile, out.finish()));
  fused_ = true;
  return {};
}

Result<void> DeviceState::store_retirement(RetirementReceipt receipt) {
  cbor::Writer out;
  out.map(2).unsigned_int(1).bytes(receipt.statement).unsigned_int(2).bytes(receipt.signature);
  BM_CHECK(write_atomically(files_, directory_ / kRetirementFile, out.finish()));
  retirement_ = std::move(receipt);
  return {};
}

}  // namespace birthmark::agent
