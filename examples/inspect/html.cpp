#include "html.hpp"

#include <inlay/report.hpp>

#include <algorithm>
#include <cstdint>

namespace inspect {

namespace {

using inlay::detail::escaped;
using json = nlohmann::ordered_json;

constexpr const char* style = R"(
body { font: 14px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; color: #1f2328; margin: 2em }
table { border-collapse: collapse; margin-bottom: 2em }
th, td { border: 1px solid #d0d7de; padding: .2em .6em; text-align: left; vertical-align: top }
th { background: #f6f8fa }
td.number { text-align: right; font-variant-numeric: tabular-nums }
figure { margin: 0 0 2em; overflow-x: auto }
)";

/// A key such as arena_bytes, as words.
std::string words(std::string key) {
  std::replace(key.begin(), key.end(), '_', ' ');
  return escaped(key);
}

/// A value in one cell: extents as 3×3, lists of them behind commas, objects as their keys and values.
std::string text_of(const json& value) {
  if (value.is_string()) return escaped(value.get<std::string>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    std::string text = number < 0 ? "-" : "";
    return text += inlay::detail::grouped(number < 0 ? -number : number);
  }
  if (!value.is_structured()) return value.dump();
  const bool extents = value.is_array() && !value.empty() && value.front().is_number();
  std::string text;
  for (const auto& [key, part] : value.items()) {
    if (!text.empty()) text += extents ? "×" : ", ";
    if (value.is_object()) text += escaped(key) + ' ';
    text += text_of(part);
  }
  return text;
}

std::string cell_of(const json& value) {
  return (value.is_number() ? "<td class=\"number\">" : "<td>") + text_of(value) + "</td>";
}

/// A row for each object of a list; columns are all keys of any of them.
std::string table_of(const json& list) {
  std::vector<std::string> columns;
  for (const json& row : list)
    for (const auto& [key, value] : row.items())
      if (std::find(columns.begin(), columns.end(), key) == columns.end()) columns.push_back(key);
  std::string table = "<table>\n<tr>";
  for (const std::string& column : columns) table += "<th>" + words(column) + "</th>";
  table += "</tr>\n";
  for (const json& row : list) {
    table += "<tr>";
    for (const std::string& column : columns) table += row.contains(column) ? cell_of(row[column]) : "<td></td>";
    table += "</tr>\n";
  }
  return table + "</table>\n";
}

/// Whether a value is a list that deserves a table of its own.
bool is_table(const json& value) { return value.is_array() && !value.empty() && value.front().is_object(); }

}  // namespace

std::string html_page(const std::string& title, const json& report, const std::vector<std::string>& pictures) {
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
      "<meta charset=\"utf-8\"/>\n<title>" +
      escaped(title) + "</title>\n<style>" + style + "</style>\n</head>\n<body>\n<h1>" + escaped(title) +
      "</h1>\n<table>\n";
  for (const auto& [key, value] : report.items())
    if (!is_table(value)) page += "<tr><th>" + words(key) + "</th>" + cell_of(value) + "</tr>\n";
  page += "</table>\n";
  for (const std::string& picture : pictures) page += "<figure>\n" + picture + "</figure>\n";
  for (const auto& [key, value] : report.items())
    if (is_table(value)) page += "<h2>" + words(key) + "</h2>\n" + table_of(value);
  return page + "</body>\n</html>\n";
}

}  // namespace inspect
