// SPDX-License-Identifier: Apache-2.0
#include "codec/tpm_attest.h"

#include <algorithm>

#include "codec/tpm_wire.h"

namespace birthmark::tpm {
namespace {

constexpr std::uint32_t kGenerated = 0xFF544347;  // TPM_GENERATED_VALUE, Part 2, §6.2
constexpr std::size_t kSelectBytes = kPcrCount / 8;
constexpr std::size_t kHandleBytes = 4;

/// TPMS_PCR_SELECTION: octet i of the selection holds PCRs 8i to 8i+7, the lowest in the lowest bit.
Result<PcrBank> read_bank(wire::In& in) {
  PcrBank bank;
  BM_TRY(bank.hash, in.hash());
  BM_TRY(const auto size, in.u8());
  if (size != kSelectBytes) {
    return in.refuse("selection is not of 24 PCRs");
  }
  BM_TRY(const auto octets, in.take(kSelectBytes));
  for (std::size_t i = 0; i < kSelectBytes; ++i) {
    bank.pcrs |= std::uint32_t{octets[i]} << (8 * i);
  }
  return bank;
}

Result<PcrSelection> read_selection(wire::In& in) {
  BM_TRY(const auto count, in.u32());
  if (count > kPcrBanksMax) {
    return in.refuse("too many PCR banks");
  }
  PcrSelection selection;
  for (std::uint32_t i = 0; i < count; ++i) {
    BM_TRY(const auto bank, read_bank(in));
    const bool repeated = std::ranges::any_of(selection, [&](const PcrBank& seen) { return seen.hash == bank.hash; });
    if (repeated) {
      return in.refuse("a PCR bank is selected twice");
    }
    selection.push_back(bank);
  }
  return selection;
}

void write_selection(wire::Out& out, const PcrSelection& selection) {
  out.u32(static_cast<std::uint32_t>(selection.size()));
  for (const auto& bank : selection) {
    out.hash(bank.hash).u8(kSelectBytes);
    for (std::size_t i = 0; i < kSelectBytes; ++i) {
      out.u8(static_cast<std::uint8_t>(bank.pcrs >> (8 * i)));
    }
  }
}

Result<ClockInfo> read_clock(wire::In& in) {
  ClockInfo clock;
  BM_TRY(clock.clock_ms, in.u64());
  BM_TRY(clock.reset_count, in.u32());
  BM_TRY(clock.restart_count, in.u32());
  BM_TRY(const auto safe, in.u8());
  if (safe > 1) {
    return in.refuse("clock is neither safe nor unsafe");
  }
  clock.safe = safe == 1;
  return clock;
}

Result<CertifyInfo> read_certify(wire::In& in) {
  BM_TRY(const auto name, in.name());
  BM_TRY(const auto qualified_name, in.name());
  return CertifyInfo{to_bytes(name), to_bytes(qualified_name)};
}

Result<QuoteInfo> read_quote(wire::In& in) {
  BM_TRY(auto selection, read_selection(in));
  BM_TRY(const auto digest, in.digest());
  return QuoteInfo{std::move(selection), to_bytes(digest)};
}

Result<CreationInfo> read_creation(wire::In& in) {
  BM_TRY(const auto name, in.name());
  BM_TRY(const auto hash, in.digest());
  return CreationInfo{to_bytes(name), to_bytes(hash)};
}

struct WriteAttested {
  wire::Out& out;
  void operator()(const CertifyInfo& info) const { out.sized(info.name).sized(info.qualified_name); }
  void operator()(const QuoteInfo& info) const {
    write_selection(out, info.selection);
    out.sized(info.pcr_digest);
  }
  void operator()(const CreationInfo& info) const { out.sized(info.object_name).sized(info.creation_hash); }
};

/// Part 2, §15.1: of a primary the names are the hierarchy's handle and parentNameAlg is NULL.
bool parent_fits(const CreationData& data) {
  if (!data.parent_name_hash) {
    return data.parent_name.size() == kHandleBytes && data.parent_qualified_name.size() == kHandleBytes;
  }
  const auto hash = static_cast<std::uint16_t>(*data.parent_name_hash);
  const auto names_it = [hash](BytesView name) { return wire::is_name(name) && (name[0] << 8 | name[1]) == hash; };
  return names_it(data.parent_name) && names_it(data.parent_qualified_name);
}

}  // namespace

AttestType Attest::type() const {
  if (certify() != nullptr) {
    return AttestType::certify;
  }
  return quote() != nullptr ? AttestType::quote : AttestType::creation;
}

Result<Attest> read_attest(BytesView tpms_attest) {
  wire::In in{tpms_attest, "TPMS_ATTEST"};
  if (tpms_attest.size() > kAttestMaxBytes) {
    return in.refuse("too long");
  }
  BM_TRY(const auto magic, in.u32());
  if (magic != kGenerated) {
    return in.refuse("not made by a TPM");
  }
  BM_TRY(const auto type, in.u16());
  Attest out;
  BM_TRY(const auto signer, in.name());
  BM_TRY(const auto extra_data, in.sized({.max = kExtraDataMaxBytes}));
  out.qualified_signer = to_bytes(signer);
  out.extra_data = to_bytes(extra_data);
  BM_TRY(out.clock, read_clock(in));
  BM_TRY(out.firmware_version, in.u64());
  if (type == static_cast<std::uint16_t>(AttestType::certify)) {
    BM_TRY(out.attested, read_certify(in));
  } else if (type == static_cast<std::uint16_t>(AttestType::quote)) {
    BM_TRY(out.attested, read_quote(in));
  } else if (type == static_cast<std::uint16_t>(AttestType::creation)) {
    BM_TRY(out.attested, read_creation(in));
  } else {
    return in.refuse("unknown type");
  }
  BM_CHECK(in.finish());
  return out;
}

Bytes write(const Attest& attest) {
  wire::Out out;
  out.u32(kGenerated).u16(static_cast<std::uint16_t>(attest.type()));
  out.sized(attest.qualified_signer).sized(attest.extra_data);
  out.u64(attest.clock.clock_ms).u32(attest.clock.reset_count).u32(attest.clock.restart_count);
  out.u8(attest.clock.safe ? 1 : 0).u64(attest.firmware_version);
  std::visit(WriteAttested{out}, attest.attested);
  return std::move(out).finish();
}

Result<CreationData> read_creation_data(BytesView tpms_creation_data) {
  wire::In in{tpms_creation_data, "TPMS_CREATION_DATA"};
  if (tpms_creation_data.size() > kAttestMaxBytes) {
    return in.refuse("too long");
  }
  CreationData out;
  BM_TRY(out.selection, read_selection(in));
  BM_TRY(const auto digest, in.digest());
  BM_TRY(out.locality, in.u8());
  BM_TRY(out.parent_name_hash, in.hash_or_null());
  BM_TRY(const auto parent, in.sized({.max = kNameMaxBytes}));
  BM_TRY(const auto qualified, in.sized({.max = kNameMaxBytes}));
  BM_TRY(const auto outside, in.sized({.max = kExtraDataMaxBytes}));
  BM_CHECK(in.finish());
  out.pcr_digest = to_bytes(digest);
  out.parent_name = to_bytes(parent);
  out.parent_qualified_name = to_bytes(qualified);
  out.outside_info = to_bytes(outside);
  if (!parent_fits(out)) {
    return in.refuse("parent's names do not fit parentNameAlg");
  }
  return out;
}

Bytes write(const CreationData& data) {
  wire::Out out;
  write_selection(out, data.selection);
  out.sized(data.pcr_digest).u8(data.locality);
  if (data.parent_name_hash) {
    out.hash(*data.parent_name_hash);
  } else {
    out.algorithm(Algorithm::null);
  }
  out.sized(data.parent_name).sized(data.parent_qualified_name).sized(data.outside_info);
  return std::move(out).finish();
}

Result<PcrSelection> read_pcr_selection(BytesView tpml_pcr_selection) {
  wire::In in{tpml_pcr_selection, "TPML_PCR_SELECTION"};
  BM_TRY(auto selection, read_selection(in));
  BM_CHECK(in.finish());
  return selection;
}

Bytes write(const PcrSelection& selection) {
  wire::Out out;
  write_selection(out, selection);
  return std::move(out).finish();
}

}  // namespace birthmark::tpm
