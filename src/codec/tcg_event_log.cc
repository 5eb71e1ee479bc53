// SPDX-License-Identifier: Apache-2.0
#include "codec/tcg_event_log.h"

#include <algorithm>
#include <array>

namespace birthmark::tcg_log {
namespace {

constexpr std::uint16_t kSha1 = 0x0004;
constexpr std::size_t kSha1Bytes = 20;
constexpr std::size_t kSignatureBytes = 16;
constexpr std::uint32_t kNoAction = 0x00000003;
constexpr Octets<kSignatureBytes> kSpecId03{'S', 'p', 'e', 'c', ' ', 'I', 'D', ' ',
                                            'E', 'v', 'e', 'n', 't', '0', '3', 0};

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_evidence, std::string{"event log: "} + what);
}

/// Takes little-endian values from the front of some bytes; aliases them.
class In {
 public:
  explicit In(BytesView bytes) : left_{bytes} {}
  Result<BytesView> take(std::size_t size) {
    if (size > left_.size()) {
      return refuse("ends early");
    }
    const auto taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
  }
  Result<std::uint8_t> u8() { return number<std::uint8_t>(); }
  Result<std::uint16_t> u16() { return number<std::uint16_t>(); }
  Result<std::uint32_t> u32() { return number<std::uint32_t>(); }
  [[nodiscard]] bool empty() const { return left_.empty(); }

 private:
  template <class T>
  Result<T> number() {
    BM_TRY(const auto octets, take(sizeof(T)));
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      value = static_cast<T>(value | static_cast<T>(T{octets[i]} << (8 * i)));
    }
    return value;
  }
  BytesView left_;
};

/// The bytes of a digest; 0 for a hash that is not known here.
std::size_t known_size(std::uint16_t algorithm) {
  struct Known {
    std::uint16_t algorithm;
    std::size_t bytes;
  };
  constexpr std::array kKnown{Known{kSha1, kSha1Bytes},    Known{0x000B, 32}, Known{0x000C, 48}, Known{0x000D, 64},
                              Known{0x0012, 32} /* SM3 */, Known{0x0027, 32}, Known{0x0028, 48}, Known{0x0029, 64}};
  const auto* const found = std::ranges::find(kKnown, algorithm, &Known::algorithm);
  return found == kKnown.end() ? 0 : found->bytes;
}

/// TCG_EfiSpecIdEvent behind its signature (§10.4.5.1).
Result<std::vector<Bank>> read_banks(In& in) {
  constexpr std::size_t kVersionBytes = 4 + 4;  // platformClass, versions, uintnSize
  BM_CHECK(in.take(kVersionBytes));
  BM_TRY(const auto count, in.u32());
  if (count == 0 || count > kBanksMax) {
    return refuse("no bank, or too many");
  }
  std::vector<Bank> banks;
  for (std::uint32_t i = 0; i < count; ++i) {
    Bank bank;
    BM_TRY(bank.algorithm, in.u16());
    BM_TRY(bank.digest_bytes, in.u16());
    const auto known = known_size(bank.algorithm);
    if (bank.digest_bytes == 0 || bank.digest_bytes > kDigestMaxBytes || (known != 0 && known != bank.digest_bytes)) {
      return refuse("a bank with another size than its hash has");
    }
    if (std::ranges::find(banks, bank.algorithm, &Bank::algorithm) != banks.end()) {
      return refuse("a bank twice");
    }
    banks.push_back(bank);
  }
  BM_TRY(const auto vendor_bytes, in.u8());
  BM_CHECK(in.take(vendor_bytes));
  return banks;
}

Result<void> take_pcr(In& in, Event& event) {
  BM_TRY(event.pcr, in.u32());
  BM_TRY(event.type, in.u32());
  return event.pcr < tpm::kPcrCount ? Result<void>{} : refuse("no such PCR");
}

Result<void> take_data(In& in, Event& event) {
  BM_TRY(const auto size, in.u32());
  BM_TRY(event.data, in.take(size));
  return {};
}

/// TCG_PCClientPCREvent (§10.2.1).
Result<Event> read_sha1_event(In& in) {
  Event event;
  BM_CHECK(take_pcr(in, event));
  BM_TRY(const auto digest, in.take(kSha1Bytes));
  event.digests.push_back(digest);
  BM_CHECK(take_data(in, event));
  return event;
}

/// TCG_PCR_EVENT2 (§10.2.2).
Result<Event> read_event(In& in, const std::vector<Bank>& banks) {
  Event event;
  BM_CHECK(take_pcr(in, event));
  BM_TRY(const auto count, in.u32());
  if (count != banks.size()) {
    return refuse("an event without a digest for each bank");
  }
  event.digests.resize(banks.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    BM_TRY(const auto algorithm, in.u16());
    const auto bank = std::ranges::find(banks, algorithm, &Bank::algorithm);
    if (bank == banks.end()) {
      return refuse("a digest of no bank");
    }
    auto& digest = event.digests[static_cast<std::size_t>(bank - banks.begin())];
    if (!digest.empty()) {
      return refuse("two digests of one bank");
    }
    BM_TRY(digest, in.take(bank->digest_bytes));
  }
  BM_CHECK(take_data(in, event));
  return event;
}

/// Whether this first event is the header of a crypto-agile log.
bool is_header(const Event& first) {
  return first.type == kNoAction && first.pcr == 0 && first.data.size() > kSignatureBytes &&
         equal(first.data.first(kSignatureBytes), kSpecId03);
}

void put(Bytes& out, std::uint64_t value, std::size_t octets) {
  for (std::size_t i = 0; i < octets; ++i) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

Bytes header_data(const std::vector<Bank>& banks) {
  Bytes out{kSpecId03.begin(), kSpecId03.end()};
  append(out, Octets<8>{0, 0, 0, 0, 0, 2, 105, 2});
  put(out, banks.size(), 4);
  for (const auto& bank : banks) {
    put(out, bank.algorithm, 2);
    put(out, bank.digest_bytes, 2);
  }
  out.push_back(0);
  return out;
}

}  // namespace

bool Log::has(tpm::Hash hash) const {
  return std::ranges::find(banks, static_cast<std::uint16_t>(hash), &Bank::algorithm) != banks.end();
}

Result<Log> read(BytesView input) {
  if (input.empty() || input.size() > kLogMaxBytes) {
    return refuse("empty or too long");
  }
  In in{input};
  Log log;
  BM_TRY(auto first, read_sha1_event(in));
  if (is_header(first)) {
    log.format = Format::crypto_agile;
    In header{first.data.subspan(kSignatureBytes)};
    BM_TRY(log.banks, read_banks(header));
    if (!header.empty()) {
      return refuse("bytes behind the header");
    }
  } else {
    log.banks = {{kSha1, kSha1Bytes}};
    log.events.push_back(std::move(first));
  }
  while (!in.empty()) {
    if (log.events.size() == kEventsMax) {
      return refuse("too many events");
    }
    BM_TRY(auto event, log.format == Format::crypto_agile ? read_event(in, log.banks) : read_sha1_event(in));
    log.events.push_back(std::move(event));
  }
  return log;
}

Bytes write(const Log& log) {
  Bytes out;
  put(out, 0, 4);
  put(out, kNoAction, 4);
  append(out, Octets<kSha1Bytes>{});
  const auto header = header_data(log.banks);
  put(out, header.size(), 4);
  append(out, header);
  for (const auto& event : log.events) {
    put(out, event.pcr, 4);
    put(out, event.type, 4);
    put(out, event.digests.size(), 4);
    for (std::size_t i = 0; i < event.digests.size() && i < log.banks.size(); ++i) {
      put(out, log.banks[i].algorithm, 2);
      append(out, event.digests[i]);
    }
    put(out, event.data.size(), 4);
    append(out, event.data);
  }
  return out;
}

std::string_view name_of_type(std::uint32_t type) {
  struct Named {
    std::uint32_t type;
    std::string_view name;
  };
  constexpr std::array kNamed{Named{0x00000001, "EV_POST_CODE"},
                              Named{0x00000003, "EV_NO_ACTION"},
                              Named{0x00000004, "EV_SEPARATOR"},
                              Named{0x00000005, "EV_ACTION"},
                              Named{0x00000006, "EV_EVENT_TAG"},
                              Named{0x00000007, "EV_S_CRTM_CONTENTS"},
                              Named{0x00000008, "EV_S_CRTM_VERSION"},
                              Named{0x00000009, "EV_CPU_MICROCODE"},
                              Named{0x0000000A, "EV_PLATFORM_CONFIG_FLAGS"},
                              Named{0x0000000B, "EV_TABLE_OF_DEVICES"},
                              Named{0x0000000C, "EV_COMPACT_HASH"},
                              Named{0x0000000D, "EV_IPL"},
                              Named{0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG"},
                              Named{0x80000002, "EV_EFI_VARIABLE_BOOT"},
                              Named{0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION"},
                              Named{0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER"},
                              Named{0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER"},
                              Named{0x80000006, "EV_EFI_GPT_EVENT"},
                              Named{0x80000007, "EV_EFI_ACTION"},
                              Named{0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB"},
                              Named{0x80000009, "EV_EFI_HANDOFF_TABLES"},
                              Named{0x800000E0, "EV_EFI_VARIABLE_AUTHORITY"}};
  const auto* const found = std::ranges::find(kNamed, type, &Named::type);
  return found == kNamed.end() ? "unknown" : found->name;
}

}  // namespace birthmark::tcg_log
