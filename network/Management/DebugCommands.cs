using Pyco.Stack;
using static Pyco.Network.Management.ManagementCommand;

namespace Pyco.Network.Management;

/// <summary>Commands that ask for news, which then comes between answers, a line each.</summary>
internal static class DebugCommands
{
    public static IEnumerable<ManagementCommand> All =>
    [
        Menu("debug", "DEBUG"),
        Show("debug/list", "", "list debug categories", List),
        new("debug/add", "dbgpath", "enable debug info for a given category", Subscribe),
        new("debug/del", "dbgpath", "disable debug info for a given category", Unsubscribe),
    ];

    private static Errno List(ManagementCall call)
    {
        call.Line($"{"CATEGORY",-22} {"TAG",-3} {"STATUS",-6} {"HELP"}");
        call.Line($"{"------------",-22} {"---",-3} {"------",-6} {"----"}");
        NewsCategory[] matching = Matching(call);
        foreach (NewsCategory category in matching)
        {
            string status = call.Caller.Subscriptions.Contains(category) ? "ON" : "OFF";
            call.Line($"{category.Path,-22} {category.Tag} {status,-6} {category.Help}");
        }
        return matching.Length > 0 ? Errno.None : Errno.ENOENT;
    }

    private static Errno Subscribe(ManagementCall call) => Change(call, call.Caller.Subscriptions.Add, Errno.EEXIST);

    private static Errno Unsubscribe(ManagementCall call) => Change(call, call.Caller.Subscriptions.Remove, Errno.ENOENT);

    private static Errno Change(ManagementCall call, Func<NewsCategory, bool> change, Errno ifAllWereSo)
    {
        NewsCategory[] matching = Matching(call);
        if (matching.Length == 0)
            return Errno.EINVAL;
        bool isAnyChanged = false;
        foreach (NewsCategory category in matching)
            isAnyChanged |= change(category);
        return isAnyChanged ? Errno.None : ifAllWereSo;
    }

    private static NewsCategory[] Matching(ManagementCall call) =>
        [.. NewsCategory.All.Where(category => category.Path.StartsWith(call.Argument, StringComparison.Ordinal))];
}
