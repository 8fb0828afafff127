import { execFileSync } from 'node:child_process'

/** Packs a folder as a tar archive. The same files become the same bytes: sorted names, one time, one owner. */
export function pack(folder: string, archive: string): void {
  const reproducible = [
    '--format=posix',
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--hard-dereference',
  ]
  execFileSync('tar', ['--create', `--file=${archive}`, ...reproducible, `--directory=${folder}`, '.'])
}
