using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Shim.Resolver;
using Pyco.Shim.Tests.Support;
using Pyco.Stack;

namespace Pyco.Shim.Tests;

/// <summary>What the sources believe about C, compared with what native/probe.c prints.</summary>
internal sealed class LayoutTests
{
    private static readonly Dictionary<string, long> Probe = ReadProbe();

    [TestCase("IoVector", typeof(IoVector))]
    [TestCase("MessageHeader", typeof(MessageHeader))]
    [TestCase("MultiMessageHeader", typeof(MultiMessageHeader))]
    [TestCase("ControlHeader", typeof(ControlHeader))]
    [TestCase("PollDescriptor", typeof(PollDescriptor))]
    [TestCase("TimeSpec", typeof(TimeSpec))]
    [TestCase("TimeVal", typeof(TimeSpec))]
    [TestCase("Credentials", typeof(Credentials))]
    [TestCase("UnixAddress", typeof(UnixAddress))]
    [TestCase("InternetAddress", typeof(InternetAddress))]
    [TestCase("UnixName", typeof(UnixName))]
    [TestCase("AddressInfo", typeof(AddressInfo))]
    [TestCase("HostEntry", typeof(HostEntry))]
    [TestCase("ServiceEntry", typeof(ServiceEntry))]
    [TestCase("InterfaceAddress", typeof(InterfaceAddress))]
    [TestCase("InterfaceRequest", typeof(InterfaceRequest))]
    [TestCase("InterfaceRequests", typeof(InterfaceRequests))]
    [TestCase("SymbolOrigin", typeof(SymbolOrigin))]
    [TestCase("DescriptorControl", typeof(DescriptorControl))]
    public void Structures_have_C_s_size(string name, Type type) =>
        Assert.That(Marshal.SizeOf(type), Is.EqualTo(Probe["sizeof." + name]));

    [TestCase("MessageHeader.Control", typeof(MessageHeader))]
    [TestCase("MessageHeader.Flags", typeof(MessageHeader))]
    [TestCase("MultiMessageHeader.Length", typeof(MultiMessageHeader))]
    [TestCase("InternetAddress.AddressV4", typeof(InternetAddress))]
    [TestCase("InternetAddress.AddressV6", typeof(InternetAddress))]
    [TestCase("InternetAddress.Scope", typeof(InternetAddress))]
    [TestCase("AddressInfo.Address", typeof(AddressInfo))]
    [TestCase("AddressInfo.Next", typeof(AddressInfo))]
    [TestCase("HostEntry.Addresses", typeof(HostEntry))]
    [TestCase("UnixName.Node", typeof(UnixName))]
    [TestCase("TcpInformation.RetransmissionTimeoutMicroseconds", typeof(Posix.TcpInformation))]
    [TestCase("TcpInformation.SendMss", typeof(Posix.TcpInformation))]
    [TestCase("TcpInformation.Unacknowledged", typeof(Posix.TcpInformation))]
    [TestCase("TcpInformation.RoundTripMicroseconds", typeof(Posix.TcpInformation))]
    [TestCase("TcpInformation.RoundTripVariationMicroseconds", typeof(Posix.TcpInformation))]
    [TestCase("TcpInformation.CongestionWindow", typeof(Posix.TcpInformation))]
    [TestCase("TcpInformation.TotalRetransmissions", typeof(Posix.TcpInformation))]
    public void Fields_have_C_s_offset(string name, Type type) =>
        Assert.That((long)Marshal.OffsetOf(type, name.Split('.')[1]), Is.EqualTo(Probe["offsetof." + name]));

    [TestCase("Numbers", typeof(Numbers))]
    [TestCase("SystemCall", typeof(SystemCall))]
    [TestCase("Constants", typeof(Posix.Constants))]
    [TestCase("OptionNumbers", typeof(Posix.OptionNumbers))]
    [TestCase("Errno", typeof(Errno))]
    public void Constants_have_C_s_value(string prefix, Type type)
    {
        string[] wrong =
        [
            .. Probe.Where(entry => entry.Key.StartsWith(prefix + ".", StringComparison.Ordinal))
                .Where(entry => Value(type, entry.Key[(prefix.Length + 1)..]) != entry.Value)
                .Select(entry => entry.Key),
        ];
        Assert.That(wrong, Is.Empty);
    }

    [TestCase(200, typeof(Request))]
    [TestCase(168, typeof(Reply))]
    [TestCase(24, typeof(WireAddress))]
    [TestCase(56, typeof(DatagramHeader))]
    [TestCase(16, typeof(StreamNote))]
    [TestCase(44, typeof(InterfaceDescription))]
    [TestCase(128, typeof(DatagramErrorDescription))]
    public void The_host_protocol_has_its_documented_sizes(int size, Type type) =>
        Assert.That(Marshal.SizeOf(type), Is.EqualTo(size));

    private static long Value(Type type, string name) => Convert.ToInt64(
        type.GetField(name, BindingFlags.Static | BindingFlags.Public)!.GetRawConstantValue(), CultureInfo.InvariantCulture);

    private static Dictionary<string, long> ReadProbe() => Built.Run(Built.Compile("native/probe.c"), []).Output
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(' '))
        .ToDictionary(words => words[0], words => long.Parse(words[1], CultureInfo.InvariantCulture));
}
