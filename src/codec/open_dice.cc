// SPDX-License-Identifier: Apache-2.0
// The extension of the Open Profile for DICE, and the typed readers of every DICE extension.
#include <algorithm>
#include <array>

#include "codec/der.h"
#include "codec/dice.h"
#include "codec/oid.h"
#include "codec/utf8.h"

namespace birthmark::dice {
namespace {

using der::tag::context_constructed;

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_request, std::string{"Open Profile for DICE: "} + what);
}

enum class Octets : std::uint8_t { hash, descriptor };

bool size_fits(Octets what, std::size_t size) {
  return what == Octets::hash ? size == 32 || size == 48 || size == 64 : size > 0 && size <= kOctetsMaxBytes;
}

/// An explicit tag around one element of type `inner`; nothing if the next tag is another one.
Result<std::optional<BytesView>> optional_explicit(der::Reader& fields, std::uint8_t number, std::uint8_t inner) {
  if (fields.peek() != context_constructed(number)) {
    return std::optional<BytesView>{};
  }
  BM_TRY(auto wrapped, fields.enter(context_constructed(number)));
  BM_TRY(const auto contents, wrapped.expect(inner));
  BM_CHECK(wrapped.finish());
  return std::optional{contents};
}

Result<std::optional<Bytes>> optional_octets(der::Reader& fields, std::uint8_t number, Octets what) {
  BM_TRY(const auto contents, optional_explicit(fields, number, der::tag::octet_string));
  if (contents && !size_fits(what, contents->size())) {
    return refuse(what == Octets::hash ? "size of a hash" : "size of a descriptor");
  }
  return contents ? std::optional{to_bytes(*contents)} : std::optional<Bytes>{};
}

void octets_field(der::Writer& out, std::uint8_t number, const std::optional<Bytes>& value) {
  if (value) {
    out.open(context_constructed(number)).octet_string(*value).close();
  }
}

template <std::uint64_t Last>
constexpr auto kPurpose = oid<2, 23, 133, 5, 4, 100, Last>;

struct PurposeRow {
  Purpose purpose;
  BytesView oid;
};
constexpr std::array kPurposes{
    PurposeRow{Purpose::identity_init, kPurpose<6>}, PurposeRow{Purpose::identity_loc, kPurpose<7>},
    PurposeRow{Purpose::attest_init, kPurpose<8>},   PurposeRow{Purpose::attest_loc, kPurpose<9>},
    PurposeRow{Purpose::assert_init, kPurpose<10>},  PurposeRow{Purpose::assert_loc, kPurpose<11>},
    PurposeRow{Purpose::eca, kPurpose<12>},
};

template <class Read>
auto optional_extension(x509::Extensions extensions, BytesView type, Read read)
    -> Result<std::optional<typename decltype(read(BytesView{}))::value_type>> {
  using Value = typename decltype(read(BytesView{}))::value_type;
  const auto* const found = x509::find_extension(extensions, type);
  if (found == nullptr) {
    return std::optional<Value>{};
  }
  BM_TRY(auto value, read(found->value));
  return std::optional<Value>{std::move(value)};
}

}  // namespace

std::string_view name(Mode mode) {
  switch (mode) {
    case Mode::not_configured:
      return "not configured";
    case Mode::normal:
      return "normal";
    case Mode::debug:
      return "debug";
    case Mode::recovery:
      return "recovery";
  }
  return "unknown";
}

std::optional<Mode> OpenInput::mode_said() const {
  if (!mode) {
    return std::nullopt;
  }
  return *mode <= static_cast<std::uint8_t>(Mode::recovery) ? static_cast<Mode>(*mode) : Mode::not_configured;
}

Result<OpenInput> read_open_input(BytesView whole) {
  BM_TRY(auto fields, der::read_one(whole, der::tag::sequence));
  OpenInput out;
  BM_TRY(out.code_hash, optional_octets(fields, 0, Octets::hash));
  BM_TRY(out.code_descriptor, optional_octets(fields, 1, Octets::descriptor));
  BM_TRY(out.configuration_hash, optional_octets(fields, 2, Octets::hash));
  BM_TRY(out.configuration_descriptor, optional_octets(fields, 3, Octets::descriptor));
  BM_TRY(out.authority_hash, optional_octets(fields, 4, Octets::hash));
  BM_TRY(out.authority_descriptor, optional_octets(fields, 5, Octets::descriptor));
  BM_TRY(const auto mode, optional_explicit(fields, 6, der::tag::enumerated));
  if (mode && (mode->size() != 1 || (mode->front() & 0x80) != 0)) {
    return refuse("mode outside 0..127");
  }
  out.mode = mode ? std::optional{mode->front()} : std::nullopt;
  BM_TRY(const auto profile, optional_explicit(fields, 7, der::tag::utf8_string));
  if (profile) {
    const auto text = as_text(*profile);
    if (text.empty() || text.size() > kTextMaxBytes || !is_utf8(text) || text.find('\0') != std::string_view::npos) {
      return refuse("profile name");
    }
    out.profile_name = std::string{text};
  }
  BM_CHECK(fields.finish());
  return out;
}

Bytes write(const OpenInput& input) {
  der::Writer out{512};
  out.open(der::tag::sequence);
  octets_field(out, 0, input.code_hash);
  octets_field(out, 1, input.code_descriptor);
  octets_field(out, 2, input.configuration_hash);
  octets_field(out, 3, input.configuration_descriptor);
  octets_field(out, 4, input.authority_hash);
  octets_field(out, 5, input.authority_descriptor);
  if (input.mode) {
    out.open(context_constructed(6)).primitive(der::tag::enumerated, {&*input.mode, 1}).close();
  }
  if (input.profile_name) {
    out.open(context_constructed(7)).text(der::tag::utf8_string, *input.profile_name).close();
  }
  out.close();
  return std::move(out).finish();
}

Result<std::vector<TcbInfo>> tcb_infos(x509::Extensions extensions) {
  const auto* const one = x509::find_extension(extensions, oids::dice_tcb_info);
  const auto* const several = x509::find_extension(extensions, oids::dice_multi_tcb_info);
  if (one != nullptr && several != nullptr) {
    return fail(Code::bad_request, "DICE: TcbInfo and MultiTcbInfo in one certificate");
  }
  if (several != nullptr) {
    return read_multi_tcb_info(several->value);
  }
  std::vector<TcbInfo> infos;
  if (one != nullptr) {
    BM_TRY(auto info, read_tcb_info(one->value));
    infos.push_back(std::move(info));
  }
  return infos;
}

Result<std::optional<Bytes>> ueid(x509::Extensions extensions) {
  return optional_extension(extensions, oids::dice_ueid, read_ueid);
}

Result<std::optional<Bytes>> freshness(x509::Extensions extensions) {
  return optional_extension(extensions, oids::dice_tcb_freshness, read_freshness);
}

Result<std::optional<OpenInput>> open_input(x509::Extensions extensions) {
  const auto* const found = x509::find_extension(extensions, oids::open_dice_input);
  if (found != nullptr && !found->critical) {
    return refuse("the extension is not critical");
  }
  return optional_extension(extensions, oids::open_dice_input, read_open_input);
}

Result<std::vector<Purpose>> purposes(x509::Extensions extensions) {
  BM_TRY(const auto usages, x509::extended_key_usage(extensions));
  std::vector<Purpose> out;
  for (const auto usage : usages.value_or(std::vector<BytesView>{})) {
    const auto* const row =
        std::ranges::find_if(kPurposes, [&](const PurposeRow& one) { return equal(one.oid, usage); });
    if (row != kPurposes.end()) {
      out.push_back(row->purpose);
    }
  }
  return out;
}

Bytes purpose_oid(Purpose purpose) {
  const auto* const row = std::ranges::find(kPurposes, purpose, &PurposeRow::purpose);
  return row == kPurposes.end() ? Bytes{} : to_bytes(row->oid);
}

}  // namespace birthmark::dice
