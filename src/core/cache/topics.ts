/** Everything rendered from one package: its releases, tags, visibility. */
export const packageTopic = (id: number): string => `package:${id}`
/** What a namespace is: status, quotas, which packages it has. */
export const namespaceTopic = (id: number): string => `namespace:${id}`
/** What a user is and may do. */
export const userTopic = (id: number): string => `user:${id}`
/** What a token allows. */
export const tokenTopic = (id: number): string => `token:${id}`
