import { createRouter, createWebHistory } from 'vue-router'
import { later } from './later'
import Home from './pages/Home.vue'
import Score from './pages/Score.vue'
import VisitPage from './pages/VisitPage.vue'

export const router = createRouter({
  history: createWebHistory('/m/'),
  routes: [
    { path: '/', component: Home },
    { path: '/visits/:visit', component: VisitPage, props: true },
    { path: '/visits/:visit/score/:indicator', component: Score, props: true },
    { path: '/visits/:visit/finish', component: later.finish, props: true },
    { path: '/waiting', component: later.waiting },
    { path: '/phone', component: later.thisPhone },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})
