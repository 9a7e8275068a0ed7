import { SettingsPage } from '../../../components/settings/SettingsPage.tsx';

export default function Settings() {
  return <SettingsPage />;
}
