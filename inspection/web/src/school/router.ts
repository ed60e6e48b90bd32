import { createRouter, createWebHistory } from 'vue-router'
import Home from './pages/Home.vue'

/** `bare` pages need no form. The addresses below /submissions and /results are those that messages lead to. */
export const router = createRouter({
  history: createWebHistory('/s/'),
  routes: [
    { path: '/', component: Home },
    { path: '/application', component: () => import('./pages/Application.vue') },
    { path: '/assessment', component: () => import('./pages/Assessment.vue') },
    { path: '/assessment/:indicator', component: () => import('./pages/Indicator.vue'), props: true },
    { path: '/check', component: () => import('./pages/Check.vue') },
    { path: '/remarks', component: () => import('./pages/Remarks.vue') },
    { path: '/discrepancies', component: () => import('./pages/Discrepancies.vue') },
    { path: '/results', component: () => import('./pages/Result.vue') },
    { path: '/print', component: () => import('./pages/Print.vue') },
    { path: '/waiting', component: () => import('./pages/Waiting.vue'), meta: { bare: true } },
    { path: '/inbox', component: () => import('./pages/Inbox.vue'), meta: { bare: true } },
    { path: '/phone', component: () => import('./pages/ThisPhone.vue'), meta: { bare: true } },
    { path: '/submissions/:id', component: () => import('./pages/Led.vue'), props: true },
    { path: '/submissions/:id/discrepancies', component: () => import('./pages/Led.vue'), props: true },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})
