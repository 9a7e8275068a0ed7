import { Message } from '../components/Message.tsx';

export default function NotFound() {
  return (
    <Message
      title="There is no such page"
      text="The address is wrong, or points to something this node does not show."
    />
  );
}
