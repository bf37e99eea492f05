using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Reports;

namespace LibvirtMdevHook.Doctor;

/// <summary>Whether processes of this program wait for an answer of the kernel.</summary>
internal static class KernelCheck
{
    private const string Remedy = "'virt-mdev list' says who holds a device that is being removed; otherwise " + SilentGpu.Remedy;

    public static IEnumerable<Finding> Of(IReadOnlyList<StuckProcess> stuck)
    {
        foreach (var ofGpu in stuck.GroupBy(s => s.Gpu))
        {
            var processes = ofGpu.Select(s => s.Pid).Distinct().ToArray();
            var files = string.Join("', '", ofGpu.Select(s => s.File).Distinct());
            var count = Counted.Of(processes.Length, "process of virt-mdev waits", "processes of virt-mdev wait");
            yield return Finding.Wrong(
                $"{count} for the driver of '{ofGpu.Key}' at '{files}' (pid {string.Join(", ", processes)})", Remedy);
        }
    }
}
