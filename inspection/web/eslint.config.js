import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'
import globals from 'globals'
import typescript from 'typescript-eslint'

export default typescript.config(
  { ignores: ['dist/', 'build/', 'src/api/schema.gen.ts', 'src/components.gen.d.ts'] },
  ...typescript.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts', '**/*.vue'] })),
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.ts', '**/*.vue'],
    languageOptions: {
      globals: globals.browser,
      parserOptions: { parser: typescript.parser, projectService: true, extraFileExtensions: ['.vue'] },
    },
    rules: {
      // A number in a text is what one expects it to be.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'vue/multi-word-component-names': 'off',
    },
  },
  // vue-tsc checks the types of components; ESLint can't see through their imports.
  { files: ['**/*.vue'], ...typescript.configs.disableTypeChecked },
  prettier,
)
