// The rules of the web pages, with the globals of WeChat in the mini-program itself.
import web from '../web/eslint.config.js'

export default [
    { ignores: ['build/', 'project.private.config.json'] },
    ...web,
    {
        files: ['**/*.ts'],
        languageOptions: {
            parserOptions: {
                projectService: false,
                project: ['tsconfig.json', 'tsconfig.tests.json'],
                tsconfigRootDir: import.meta.dirname,
            },
        },
    },
]
