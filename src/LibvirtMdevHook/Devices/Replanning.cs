using LibvirtMdevHook.Planning;

namespace LibvirtMdevHook.Devices;

/// <summary>Plans again and again, until a plan comes out or waiting cannot help any more.</summary>
internal static class Replanning
{
    /// <param name="plan">Plans once and saves what came out, under the host's lock; null where that is not to be had.</param>
    /// <param name="hopes">Whether waiting can help a plan that is refused.</param>
    /// <param name="refusal">Why there is no record, as a sentence; empty when there is one.</param>
    public static Plan? Run(OperationContext context, TimeBudget budget, Func<Plan?> plan, Func<Plan, bool> hopes, out string refusal)
    {
        Plan? last = null;
        budget.Wait(() => (last = plan()) is null || last.Refusals.Length == 0 || !hopes(last));
        refusal = last is null ? $"the lock '{context.Root.State / "lock"}' is held by another process for too long" : last.Refusal;
        return last;
    }
}
