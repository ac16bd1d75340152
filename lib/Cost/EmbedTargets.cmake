# Run by the build: writes the C++ source OUTPUT, which holds the texts of the
# JSON files INPUTS (separated by commas) as the arrays of BuiltinTargets.h.
string(REPLACE "," ";" inputs "${INPUTS}")
set(text "// Made by EmbedTargets.cmake from the JSON files of lib/Cost/targets.\n")
string(APPEND text "#include \"BuiltinTargets.h\"\n\n#include <iterator>\n\n")
string(APPEND text "const char *const spnn::cost::detail::builtinTargets[] = {\n")
foreach(input IN LISTS inputs)
  file(READ "${input}" json)
  string(APPEND text "R\"json(${json})json\",\n")
endforeach()
string(APPEND text "};\n\nconst size_t spnn::cost::detail::numBuiltinTargets =\n    std::size(builtinTargets);\n")
file(WRITE "${OUTPUT}" "${text}")
