import { createRouter, createWebHistory } from 'vue-router'
import { PAGES } from './pages'

export const router = createRouter({
  history: createWebHistory('/c/'),
  routes: [
    { path: '/', component: () => import('./pages/Home.vue') },
    ...PAGES.map(({ path, title, roles, component }) => ({ path, component, props: true, meta: { title, roles } })),
    { path: '/:rest(.*)*', component: () => import('./pages/Nowhere.vue') },
  ],
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? undefined : { top: 0 }),
})

router.afterEach((to) => {
  const title = to.meta['title'] as string | undefined
  document.title = title ? `${title} · 智评` : '智评 · 工作台'
})
