using System.Runtime.InteropServices;
using System.Text;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde.Switching;

namespace Pyco.Network.Plugs;

/// <summary>
/// The port of the machine's own kernel: a TAP device, which is there as long as the port. It needs CAP_NET_ADMIN.
/// </summary>
internal sealed unsafe class TapPort : SwitchPort, IDisposable
{
    private const int FramesPerTurn = 64;

    /// <summary>Ethernet's header.</summary>
    private const int HeaderLength = 14;

    private readonly EventLoop _loop;
    private readonly FramePool _frames;
    private readonly int _mtu;
    private readonly TapSource _source;

    /// <param name="loop">Watches the device.</param>
    /// <param name="frames">Where its frames are rented.</param>
    /// <param name="tap">Its name and the kernel's address on it.</param>
    /// <param name="mtu">The network's.</param>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public TapPort(EventLoop loop, FramePool frames, TapOptions tap, int mtu)
    {
        _loop = loop;
        _frames = frames;
        _mtu = mtu;
        Description = $"TAP {tap.Name} {tap.Address}";
        UserId = Libc.geteuid();
        int descriptor = TapDevice.Open(tap, mtu);
        _source = new TapSource(this, descriptor);
        loop.Add(_source, Constants.EpollIn);
    }

    /// <summary>The kernel may have it in a bridge.</summary>
    protected internal override bool MayLoop => true;

    public void Dispose()
    {
        Owner?.Remove(this);
        int descriptor = _source.Descriptor;
        _loop.Remove(_source);
        if (descriptor >= 0)
            _ = Libc.close(descriptor);
    }

    protected override void Deliver(Frame frame)
    {
        if (frame.Length > _mtu + HeaderLength)
        {
            Counters.DroppedOverlong++;
        }
        else
        {
            fixed (byte* octets = frame.Octets)
            {
                // The kernel takes a frame at once, or drops it because the device is down.
                if (Libc.write(_source.Descriptor, octets, (nuint)frame.Length) < 0)
                    Counters.DroppedQueueFull++;
            }
        }
        frame.Dispose();
    }

    private void Receive()
    {
        for (int left = FramesPerTurn; left > 0; left--)
        {
            Frame frame = _frames.Rent();
            Span<byte> room = frame.Tailroom;
            nint length;
            fixed (byte* start = room)
                length = Libc.read(_source.Descriptor, start, (nuint)room.Length);
            if (length <= 0)
            {
                frame.Dispose();
                return;
            }
            frame.Append((int)length);
            TakeFromStation(frame);
        }
    }

    private sealed class TapSource : EventSource
    {
        private readonly TapPort _port;

        public TapSource(TapPort port, int descriptor) => (_port, Descriptor) = (port, descriptor);

        public override void OnEvents(uint events, Instant now) => _port.Receive();
    }
}

/// <summary>A TAP device as netdevice(7) and the kernel's tuntap.rst describe it.</summary>
internal static unsafe class TapDevice
{
    private const nuint SetInterface = 0x400454ca; // TUNSETIFF
    private const nuint SetAddress = 0x8916; // SIOCSIFADDR
    private const nuint SetNetmask = 0x891c; // SIOCSIFNETMASK
    private const nuint SetMtu = 0x8922; // SIOCSIFMTU
    private const nuint SetFlags = 0x8914; // SIOCSIFFLAGS
    private const short Tap = 2; // IFF_TAP
    private const short NoPacketInformation = 0x1000; // IFF_NO_PI
    private const short UpAndRunning = 0x41; // IFF_UP | IFF_RUNNING

    /// <summary>Makes the device, gives it its address, and brings it up.</summary>
    /// <returns>The descriptor that carries its frames; the device goes with it.</returns>
    /// <exception cref="IOException">The kernel refuses; the message says what to do.</exception>
    public static int Open(TapOptions tap, int mtu)
    {
        int device = Processes.open("/dev/net/tun", Processes.ReadWrite | Processes.NonBlock | Processes.CloseOnExec, 0);
        if (device < 0)
            throw Refused(tap, "open /dev/net/tun");
        int control = Libc.socket(Constants.AfInet, Constants.SockDgram | Constants.SockCloexec, 0);
        try
        {
            Request request = new(tap.Name);
            Call(device, SetInterface, request.With(Tap | NoPacketInformation), tap, "make the device");
            Call(control, SetMtu, request.With(mtu), tap, "set its MTU");
            Call(control, SetAddress, request.With(tap.Address.Address), tap, "set its address");
            Call(control, SetNetmask, request.With(IpAddress.FromV4(uint.MaxValue << (32 - tap.Address.Length))), tap, "set its netmask");
            Call(control, SetFlags, request.With(UpAndRunning), tap, "bring it up");
            return device;
        }
        catch (IOException)
        {
            _ = Libc.close(device);
            throw;
        }
        finally
        {
            _ = Libc.close(control);
        }
    }

    private static void Call(int descriptor, nuint number, Request request, TapOptions tap, string what)
    {
        if (Libc.ioctl(descriptor, number, &request) < 0)
            throw Refused(tap, what);
    }

    private static IOException Refused(TapOptions tap, string what) => (Errno)Marshal.GetLastPInvokeError() switch
    {
        Errno.EPERM or Errno.EACCES => new IOException($"the TAP device {tap.Name} needs root (CAP_NET_ADMIN): run it as root, or leave the device out"),
        Errno.EBUSY => new IOException($"there is a device {tap.Name} already: choose another name{(Libc.geteuid() == 0 ? "" : ", and run it as root")}"),
        Errno.EINVAL => new IOException($"cannot {what}: is there a device {tap.Name} of another kind? Choose another name"),
        _ => new IOException($"cannot {what} for the TAP device {tap.Name}: {Marshal.GetLastPInvokeErrorMessage()}"),
    };

    /// <summary>struct ifreq: the name, and a union of which each call reads its part.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Request
    {
        private const int NameCapacity = 16;

        private fixed byte _name[NameCapacity];
        private fixed byte _value[24];

        public Request(string name) => Encoding.ASCII.GetBytes(name, MemoryMarshal.CreateSpan(ref _name[0], NameCapacity - 1));

        public readonly Request With(short flags)
        {
            Request request = this;
            *(short*)request._value = flags;
            return request;
        }

        public readonly Request With(int number)
        {
            Request request = this;
            *(int*)request._value = number;
            return request;
        }

        /// <summary>struct sockaddr_in.</summary>
        public readonly Request With(IpAddress address)
        {
            Request request = this;
            *(short*)request._value = Constants.AfInet;
            address.WriteV4(new Span<byte>(request._value + 4, IpAddress.LengthV4));
            return request;
        }
    }
}
