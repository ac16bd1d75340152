# cmake --install, and the package that find_package(SPNN) finds. The folders are fixed: an installed sparse-opt looks for
# the run-time library in ../lib, beside its own folder.

include(CMakePackageConfigHelpers)

# The rooms of the compiler as one archive, for passes, formats and tools in other repositories.
add_library(SPNN STATIC)
foreach(room ${SPNN_COMPILER_LIBS})
  target_sources(SPNN PRIVATE $<TARGET_OBJECTS:${room}>)
endforeach()
set_target_properties(SPNN PROPERTIES LINKER_LANGUAGE CXX)
target_compile_features(SPNN INTERFACE cxx_std_17)
target_include_directories(SPNN INTERFACE $<INSTALL_INTERFACE:include>)
target_include_directories(SPNN SYSTEM INTERFACE $<INSTALL_INTERFACE:${MLIR_INCLUDE_DIRS}>)
target_link_libraries(SPNN INTERFACE MLIR LLVM ${CMAKE_DL_LIBS})

# The headers alone: a plugin's symbols are those of the host and of what SPNNPlugin.so loads, so it links no library.
add_library(SPNNHeaders INTERFACE)
set_target_properties(SPNNHeaders PROPERTIES EXPORT_NAME Headers)
target_compile_features(SPNNHeaders INTERFACE cxx_std_17)
target_include_directories(SPNNHeaders INTERFACE $<INSTALL_INTERFACE:include>)
target_include_directories(SPNNHeaders SYSTEM INTERFACE $<INSTALL_INTERFACE:${MLIR_INCLUDE_DIRS}>)

set_target_properties(SPNNRuntime PROPERTIES EXPORT_NAME Runtime)
set_target_properties(SPNNRuntimeDense PROPERTIES EXPORT_NAME RuntimeDense)
foreach(archive SPNNRuntime SPNNRuntimeDense)
  target_include_directories(${archive} INTERFACE $<INSTALL_INTERFACE:include>)
endforeach()
install(TARGETS SPNN SPNNHeaders SPNNRuntime SPNNRuntimeDense EXPORT SPNNTargets ARCHIVE DESTINATION lib)

foreach(program sparse-opt sparse-run sparse-import SPNNPlugin SPNNPluginCode SPNNEngine)
  if(TARGET ${program})
    # LLVM's folder may be none that the loader searches.
    set_target_properties(${program} PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
    install(TARGETS ${program} RUNTIME DESTINATION bin LIBRARY DESTINATION lib)
  endif()
endforeach()

foreach(root ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  install(DIRECTORY ${root}/include/spnn DESTINATION include
          FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.h.inc"
          PATTERN "CMakeFiles" EXCLUDE)
endforeach()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/SPNNConfig.cmake.in ${PROJECT_BINARY_DIR}/SPNNConfig.cmake
                              INSTALL_DESTINATION lib/cmake/SPNN)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/SPNNConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/SPNNConfig.cmake ${PROJECT_BINARY_DIR}/SPNNConfigVersion.cmake
        DESTINATION lib/cmake/SPNN)
install(EXPORT SPNNTargets NAMESPACE SPNN:: DESTINATION lib/cmake/SPNN)
