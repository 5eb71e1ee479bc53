// SPDX-License-Identifier: Apache-2.0
#include "codec/extensions.h"

#include <algorithm>

#include "codec/der.h"
#include "codec/extension_reader.h"
#include "codec/name.h"
#include "codec/oid.h"

namespace birthmark::x509 {
namespace {

using der::tag::context;
using der::tag::context_constructed;

constexpr std::size_t kKeyIdMaxBytes = 64;
constexpr std::uint64_t kPathLengthMax = 255;
constexpr std::uint32_t kKeyUsageMask = 0x1FF;
constexpr std::uint8_t kGeneralNameTagMask = 0x1F;

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_request, std::string{"extension: "} + what);
}

Result<Extension> read_extension(der::Reader fields) {
  Extension extension;
  BM_TRY(extension.type, fields.oid());
  if (fields.peek() == der::tag::boolean) {
    BM_TRY(extension.critical, fields.boolean());
    if (!extension.critical) {
      return refuse("critical FALSE spelt out");  // X.690 §11.5: a default is not encoded
    }
  }
  BM_TRY(extension.value, fields.expect(der::tag::octet_string));
  BM_CHECK(fields.finish());
  return extension;
}

Result<BytesView> checked_key_id(BytesView key_id) {
  if (key_id.empty() || key_id.size() > kKeyIdMaxBytes) {
    return refuse("length of a key identifier");
  }
  return key_id;
}

/// What differs between a name and the base of a subtree (§4.2.1.10).
enum class NameContext : std::uint8_t { name, subtree };

/// Visible ASCII, no spaces: NUL, controls and anything that a page or a log could take for markup of its own is gone.
/// A subtree may be empty (everything).
Result<void> check_ia5(BytesView text, NameContext where) {
  const bool visible = std::ranges::all_of(text, [](std::uint8_t c) { return c > 0x20 && c < 0x7F; });
  if (!visible || (text.empty() && where == NameContext::name)) {
    return refuse("characters of a general name, or none");
  }
  return {};
}

/// Ones, then zeros (RFC 4632 §3.1).
bool is_prefix_mask(BytesView mask) {
  bool ended = false;
  for (const auto octet : mask) {
    const auto zeros = static_cast<std::uint8_t>(~octet);
    if ((ended && octet != 0) || (zeros & (zeros + 1)) != 0) {
      return false;
    }
    ended = ended || octet != 0xFF;
  }
  return true;
}

Result<void> check_ip(BytesView octets, NameContext where) {
  const std::size_t doubled = where == NameContext::subtree ? 2 : 1;  // address and mask
  if (octets.size() != 4 * doubled && octets.size() != 16 * doubled) {
    return refuse("size of an address");
  }
  if (where == NameContext::subtree && !is_prefix_mask(octets.last(octets.size() / 2))) {
    return refuse("mask of an address");
  }
  return {};
}

Result<GeneralName> read_other_name(BytesView contents) {
  GeneralName name{.kind = GeneralNameKind::other_name, .value = {}, .type = {}};
  der::Reader fields{contents};
  BM_TRY(name.type, fields.oid());
  BM_TRY(auto wrapped, fields.enter(context_constructed(0)));
  BM_CHECK(fields.finish());
  BM_TRY(const auto value, wrapped.any());
  BM_CHECK(wrapped.finish());
  name.value = value.whole;
  return name;
}

/// A Name is a CHOICE, so [4] is explicit: the value is the Name inside.
Result<BytesView> read_directory_name(BytesView contents) {
  BM_CHECK(read_name(contents));
  return contents;
}

Result<GeneralName> read_general_name(const der::Element& element, NameContext where) {
  using enum GeneralNameKind;
  const auto number = static_cast<std::uint8_t>(element.tag & kGeneralNameTagMask);
  const auto kind = static_cast<GeneralNameKind>(number);
  const bool constructed = kind == other_name || kind == x400 || kind == directory || kind == edi_party;
  if (number > static_cast<std::uint8_t>(registered_id) ||
      element.tag != (constructed ? context_constructed(number) : context(number))) {
    return refuse("tag of a general name");
  }
  switch (kind) {
    case other_name:
      return read_other_name(element.contents);
    case rfc822:
    case dns:
    case uri:
      BM_CHECK(check_ia5(element.contents, where));
      break;
    case directory:
      BM_CHECK(read_directory_name(element.contents));
      break;
    case ip:
      BM_CHECK(check_ip(element.contents, where));
      break;
    case registered_id:
      if (!der::is_oid(element.contents)) {
        return refuse("registered id");
      }
      break;
    case x400:
    case edi_party:
      break;
  }
  return GeneralName{.kind = kind, .value = element.contents, .type = {}};
}

/// @param fields over the contents of the SEQUENCE
Result<std::vector<GeneralName>> read_names(der::Reader fields) {
  std::vector<GeneralName> names;
  while (!fields.empty()) {
    if (names.size() == kGeneralNamesMax) {
      return refuse("too many general names");
    }
    BM_TRY(const auto element, fields.any());
    BM_TRY(const auto name, read_general_name(element, NameContext::name));
    names.push_back(name);
  }
  if (names.empty()) {
    return refuse("no general name");
  }
  return names;
}

Result<std::optional<std::vector<GeneralName>>> alt_names(Extensions extensions, BytesView type) {
  BM_TRY(const auto fields, enter_extension(extensions, type));
  if (!fields) {
    return std::optional<std::vector<GeneralName>>{};
  }
  BM_TRY(auto names, read_names(*fields));
  return std::optional{std::move(names)};
}

/// @param list over the contents of GeneralSubtrees
Result<std::vector<GeneralName>> read_subtrees(der::Reader list) {
  std::vector<GeneralName> bases;
  while (!list.empty()) {
    if (bases.size() == kSubtreesMax) {
      return refuse("too many subtrees");
    }
    BM_TRY(auto subtree, list.enter(der::tag::sequence));
    BM_TRY(const auto base, subtree.any());
    BM_CHECK(subtree.finish());  // minimum 0 is the default and not encoded; nothing else is allowed
    BM_TRY(const auto name, read_general_name(base, NameContext::subtree));
    bases.push_back(name);
  }
  if (bases.empty()) {
    return refuse("empty list of subtrees");
  }
  return bases;
}

}  // namespace

Result<std::vector<Extension>> read_extensions(BytesView whole) {
  BM_TRY(auto list, der::read_one(whole, der::tag::sequence));
  std::vector<Extension> extensions;
  while (!list.empty()) {
    if (extensions.size() == kExtensionsMax) {
      return refuse("too many");
    }
    BM_TRY(const auto fields, list.enter(der::tag::sequence));
    BM_TRY(const auto extension, read_extension(fields));
    if (find_extension(extensions, extension.type) != nullptr) {
      return refuse("one type twice");
    }
    extensions.push_back(extension);
  }
  if (extensions.empty()) {
    return refuse("empty list");
  }
  return extensions;
}

Bytes write_extensions(Extensions extensions) {
  der::Writer out;
  out.open(der::tag::sequence);
  for (const auto& extension : extensions) {
    out.open(der::tag::sequence).oid(extension.type);
    if (extension.critical) {
      out.boolean(true);
    }
    out.octet_string(extension.value).close();
  }
  out.close();
  return std::move(out).finish();
}

const Extension* find_extension(Extensions extensions, BytesView type) {
  const auto found = std::ranges::find_if(extensions, [&](const auto& one) { return equal(one.type, type); });
  return found == extensions.end() ? nullptr : &*found;
}

Result<std::optional<BasicConstraints>> basic_constraints(Extensions extensions) {
  BM_TRY(auto fields, enter_extension(extensions, oids::basic_constraints));
  if (!fields) {
    return std::optional<BasicConstraints>{};
  }
  BasicConstraints constraints;
  if (fields->peek() == der::tag::boolean) {
    BM_TRY(constraints.is_ca, fields->boolean());
    if (!constraints.is_ca) {
      return refuse("cA FALSE spelt out");
    }
  }
  if (!fields->empty()) {
    BM_TRY(const auto length, fields->small_unsigned());
    if (!constraints.is_ca || length > kPathLengthMax) {
      return refuse("path length");
    }
    constraints.path_length = static_cast<std::uint32_t>(length);
  }
  BM_CHECK(fields->finish());
  return std::optional{constraints};
}

Result<std::optional<std::uint32_t>> key_usage(Extensions extensions) {
  const auto* found = find_extension(extensions, oids::key_usage);
  if (found == nullptr) {
    return std::optional<std::uint32_t>{};
  }
  der::Reader reader{found->value};
  BM_TRY(const auto flags, reader.named_bits());
  BM_CHECK(reader.finish());
  if (flags == 0 || (flags & ~kKeyUsageMask) != 0) {
    return refuse("key usage");
  }
  return std::optional{flags};
}

Result<std::optional<std::vector<BytesView>>> extended_key_usage(Extensions extensions) {
  BM_TRY(auto fields, enter_extension(extensions, oids::extended_key_usage));
  if (!fields) {
    return std::optional<std::vector<BytesView>>{};
  }
  std::vector<BytesView> usages;
  while (!fields->empty()) {
    BM_TRY(const auto usage, fields->oid());
    const bool twice = std::ranges::any_of(usages, [&](BytesView other) { return equal(other, usage); });
    if (twice || usages.size() == kUsagesMax) {
      return refuse("extended key usage twice, or too many");
    }
    usages.push_back(usage);
  }
  if (usages.empty()) {
    return refuse("no extended key usage");
  }
  return std::optional{std::move(usages)};
}

Result<std::optional<AuthorityKeyIdentifier>> authority_key_identifier(Extensions extensions) {
  BM_TRY(auto fields, enter_extension(extensions, oids::authority_key_identifier));
  if (!fields) {
    return std::optional<AuthorityKeyIdentifier>{};
  }
  AuthorityKeyIdentifier identifier;
  BM_TRY(identifier.key_id, fields->optional(context(0)));
  if (identifier.key_id) {
    BM_CHECK(checked_key_id(*identifier.key_id));
  }
  BM_TRY(const auto issuer, fields->optional(context_constructed(1)));
  BM_TRY(const auto serial, fields->optional(context(2)));
  BM_CHECK(fields->finish());
  if (issuer.has_value() != serial.has_value()) {
    return refuse("issuer and serial of the authority go together");
  }
  if (issuer) {
    BM_CHECK(read_names(der::Reader{*issuer}));
    identifier.has_issuer_and_serial = true;
  }
  return std::optional{identifier};
}

Result<std::optional<BytesView>> subject_key_identifier(Extensions extensions) {
  const auto* found = find_extension(extensions, oids::subject_key_identifier);
  if (found == nullptr) {
    return std::optional<BytesView>{};
  }
  der::Reader reader{found->value};
  BM_TRY(const auto contents, reader.expect(der::tag::octet_string));
  BM_CHECK(reader.finish());
  BM_TRY(const auto key_id, checked_key_id(contents));
  return std::optional{key_id};
}

Result<std::vector<GeneralName>> read_general_names(BytesView whole) {
  BM_TRY(const auto fields, der::read_one(whole, der::tag::sequence));
  return read_names(fields);
}

Result<std::vector<GeneralName>> read_general_names_in(BytesView contents) {
  return read_names(der::Reader{contents});
}

Result<std::optional<std::vector<GeneralName>>> subject_alt_name(Extensions extensions) {
  return alt_names(extensions, oids::subject_alt_name);
}

Result<std::optional<std::vector<GeneralName>>> issuer_alt_name(Extensions extensions) {
  return alt_names(extensions, oids::issuer_alt_name);
}

Result<void> check_info_access(Extensions extensions, BytesView type) {
  BM_TRY(auto list, enter_extension(extensions, type));
  if (!list) {
    return {};
  }
  std::size_t descriptions = 0;
  while (!list->empty()) {
    BM_TRY(auto description, list->enter(der::tag::sequence));
    BM_CHECK(description.oid());
    BM_TRY(const auto location, description.any());
    BM_CHECK(description.finish());
    BM_CHECK(read_general_name(location, NameContext::name));
    if (++descriptions > kGeneralNamesMax) {
      return refuse("too many access descriptions");
    }
  }
  return descriptions == 0 ? Result<void>{refuse("no access description")} : Result<void>{};
}

Result<std::optional<BytesView>> subject_directory_attribute(Extensions extensions, BytesView type) {
  BM_TRY(auto list, enter_extension(extensions, oids::subject_directory_attributes));
  std::optional<BytesView> found;
  if (!list) {
    return found;
  }
  if (list->empty()) {
    return refuse("no directory attribute");
  }
  while (!list->empty()) {
    BM_TRY(auto attribute, list->enter(der::tag::sequence));
    BM_TRY(const auto own_type, attribute.oid());
    BM_TRY(auto values, attribute.enter(der::tag::set));
    BM_CHECK(attribute.finish());
    const auto contents = values.rest();
    if (contents.empty() || (found && equal(own_type, type))) {
      return refuse("directory attribute without a value, or twice");
    }
    while (!values.empty()) {
      BM_CHECK(values.any());
    }
    if (equal(own_type, type)) {
      found = contents;
    }
  }
  return found;
}

std::vector<BytesView> NameConstraints::permitted_directory_names() const {
  std::vector<BytesView> names;
  for (const auto& base : permitted) {
    if (base.kind == GeneralNameKind::directory) {
      names.push_back(base.value);
    }
  }
  return names;
}

Result<std::optional<NameConstraints>> name_constraints(Extensions extensions) {
  BM_TRY(auto fields, enter_extension(extensions, oids::name_constraints));
  if (!fields) {
    return std::optional<NameConstraints>{};
  }
  if (fields->empty()) {
    return refuse("name constraints that constrain nothing");
  }
  NameConstraints constraints;
  BM_TRY(const auto permitted, fields->optional(context_constructed(0)));
  if (permitted) {
    BM_TRY(constraints.permitted, read_subtrees(der::Reader{*permitted}));
  }
  BM_TRY(const auto excluded, fields->optional(context_constructed(1)));
  if (excluded) {
    BM_TRY(constraints.excluded, read_subtrees(der::Reader{*excluded}));
  }
  BM_CHECK(fields->finish());
  return std::optional{std::move(constraints)};
}

}  // namespace birthmark::x509
