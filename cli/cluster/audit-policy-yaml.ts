import { Document, isMap, isSeq } from 'yaml'
import { auditPolicy, auditPolicyRules } from '#lib/core/activity/audit-policy'

const head = ` The least audit policy that Postern needs, for --audit-policy-file of kube-apiserver. Written by postern cluster audit-policy.
 The first rule that matches a call decides. Expect about one event of a kilobyte for each call that people make with a grant,
 ten for each grant, and what administrators do; everything else of the cluster is left out.`

/** The audit policy with an explanation of each rule. */
export function auditPolicyYaml(): string {
  const document = new Document(auditPolicy, { aliasDuplicateObjects: false })
  document.commentBefore = head
  const rules = document.get('rules')
  if (isSeq(rules))
    for (const [index, rule] of rules.items.entries())
      if (isMap(rule)) rule.commentBefore = ` ${auditPolicyRules[index]?.comment ?? ''}`
  return document.toString({ lineWidth: 0 })
}
