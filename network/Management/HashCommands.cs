using System.Globalization;
using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde.Switching;
using static Pyco.Network.Management.ManagementCommand;

namespace Pyco.Network.Management;

/// <summary>Commands for the table of stations, which vde_switch calls a hash table.</summary>
internal sealed class HashCommands(MacTable stations)
{
    /// <summary>As many as vde_switch has at first: the number is shown and means nothing here.</summary>
    private const int Buckets = 128;

    public IEnumerable<ManagementCommand> All =>
    [
        Menu("hash", "HASH TABLE"),
        Show("hash/showinfo", "", "show hash info", ShowInfo),
        Change("hash/setexpire", "N", "change hash entries expire time", SetAgeingTime),
        Show("hash/print", "", "print the hash table", Print),
        Show("hash/find", "MAC [VLAN]", "MAC lookup", Find),
    ];

    private Errno ShowInfo(ManagementCall call)
    {
        int seconds = (int)stations.AgeingTime.TotalSeconds;
        call.Line($"Hash size {MacTable.Capacity}");
        call.Line($"GC interval {seconds} secs");
        call.Line($"GC expire {seconds} secs");
        call.Line($"Min persistence 0 secs");
        return Errno.None;
    }

    private Errno SetAgeingTime(ManagementCall call)
    {
        if (call.Number <= 0)
            return Errno.EINVAL;
        stations.AgeingTime = TimeSpan.FromSeconds(call.Number);
        return Errno.None;
    }

    private Errno Print(ManagementCall call)
    {
        foreach (MacTableEntry entry in stations.Entries)
            Write(call, entry);
        return Errno.None;
    }

    private Errno Find(ManagementCall call)
    {
        string[] words = call.Argument.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        int vlan = Switch.DefaultVlan;
        if (words.Length == 0 || !MacAddress.TryParse(words[0].Replace('.', ':'), out MacAddress mac) ||
            (words.Length > 1 && !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out vlan)))
            return Errno.EINVAL;
        if (stations.FindEntry(vlan, mac) is not { } entry)
            return Errno.ENODEV;
        Write(call, entry);
        return Errno.None;
    }

    private void Write(ManagementCall call, MacTableEntry entry)
    {
        int age = (int)stations.AgeOf(entry).TotalSeconds;
        int bucket = (entry.Mac.GetHashCode() & int.MaxValue) % Buckets;
        call.Line($"Hash: {bucket:0000} Addr: {entry.Mac} VLAN {entry.Vlan:0000} to port: {entry.Port.Number:000}  age {age} secs");
    }
}
